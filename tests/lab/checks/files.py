"""mounts, vmas, open_files, environment: against /proc/PID/{mountinfo,maps,fd,fdinfo,environ}."""

import re

from checking import to_bytes, to_int
from checks.tasks import seen_from_inside

LINE = re.compile(rb"([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)")


def processes(guest):
    """Those whose memory the truth holds. The witness went on while it told of itself."""
    witness = int(guest.truth("lab/witness_pid"))
    return [int(name) for name in guest.truth_names("proc") if name.isdigit() and int(name) != witness]


def unescaped(path):
    """/proc writes a newline in a path as \\012."""
    return re.sub(rb"\\(\d{3})", lambda m: bytes([int(m[1], 8)]), path)


def maps_of(guest, pid):
    """The areas of /proc/PID/maps, as rows say them."""
    areas = []
    root = guest.truth(f"proc/{pid}/root")
    for line in (guest.truth(f"proc/{pid}/maps") or b"").splitlines():
        start, end, permissions, offset, major, minor, inode, path = LINE.fullmatch(line).groups()
        file = path.startswith(b"/") or int(inode) != 0
        areas.append((int(start, 16), int(end, 16), permissions.decode(),
                      int(offset, 16) if file else None,
                      f"{int(major, 16)}:{int(minor, 16)}" if file else None,
                      int(inode) if file else None,
                      seen_from_inside(unescaped(path), root) or None))
    return areas


def check_vmas(guest, report):
    rows = {}
    for row in guest.rows("vmas"):
        rows.setdefault(row["tgid"], []).append(
            (to_int(row["start"]), to_int(row["end"]), row["permissions"], row["file_offset"], row["device"],
             row["inode"], to_bytes(row["path"])))
    for pid in processes(guest):
        wanted = maps_of(guest, pid)
        got = rows.get(pid, [])
        report.equal(len(got), len(wanted), f"areas of {pid}")
        for mine, theirs in zip(got, wanted):
            report.equal(mine, theirs, f"area of {pid}")


def check_open_files(guest, report):
    rows = {}
    for row in guest.rows("open_files"):
        rows.setdefault(row["tgid"], {})[row["fd"]] = row
    for pid in processes(guest):
        root = guest.truth(f"proc/{pid}/root")
        fds = sorted(int(name) for name in guest.truth_names(f"proc/{pid}/fd"))
        mine = rows.get(pid, {})
        report.equal(sorted(mine), fds, f"descriptors of {pid}")
        for fd in set(fds) & set(mine):
            what = f"descriptor {fd} of {pid}"
            link = guest.truth(f"proc/{pid}/fd/{fd}")
            report.equal(to_bytes(mine[fd]["path"]), seen_from_inside(link, root), f"{what} path")
            info = dict(line.split(b":\t", 1) for line in guest.truth(f"proc/{pid}/fdinfo/{fd}").splitlines()
                        if b":\t" in line)
            report.equal(mine[fd]["position"], int(info[b"pos"]), f"{what} position")
            if b"ino" in info:
                report.equal(mine[fd]["inode"], int(info[b"ino"]), f"{what} inode")
            # The kernel shows O_CLOEXEC, a mark of the descriptor, among the file's flags.
            report.equal(mine[fd]["flags"] & ~0o2000000, int(info[b"flags"], 8) & ~0o2000000, f"{what} flags")


def check_environment(guest, report):
    rows = {}
    for row in guest.rows("environment", partial=True):
        value = to_bytes(row["value"])
        name = to_bytes(row["name"])
        rows.setdefault(row["tgid"], []).append(name if value is None else name + b"=" + value)
    for pid in processes(guest):
        told = guest.truth(f"proc/{pid}/environ") or b""
        report.equal(rows.get(pid, []), [entry for entry in told.split(b"\0") if entry], f"environment of {pid}")


def check_mounts(guest, report):
    """Every process's mountinfo: what it sees of its namespace, from its own root."""
    rows = {}
    for row in guest.rows("mounts"):
        rows[row["namespace"], row["id"]] = row
    seen = set()
    for pid in processes(guest):
        link = guest.truth(f"proc/{pid}/ns/mnt")
        if link is None or guest.truth(f"proc/{pid}/root") != b"/":
            continue
        namespace = int(link.strip(b"mnt:[]"))
        if namespace in seen:
            continue
        seen.add(namespace)
        for line in guest.truth(f"proc/{pid}/mountinfo").splitlines():
            mine, theirs = line.split(b" - ", 1)
            number, parent, device, root, point, options = mine.split(b" ")[:6]
            fs_type, source = theirs.split(b" ")[:2]
            row = rows.get((namespace, int(number)))
            report.true(row is not None, f"mount {int(number)} of namespace {namespace}")
            if row is None:
                continue
            if fs_type == b"btrfs":     # its driver makes the name up when it is asked
                source = to_bytes(row["source"])
            report.equal((row["parent_id"], row["device"], to_bytes(row["root"]), to_bytes(row["mount_point"]),
                          row["options"], to_bytes(row["fs_type"]), to_bytes(row["source"])),
                         (int(parent), device.decode(), unescaped(root), unescaped(point), options.decode(),
                          fs_type, unescaped(source)), f"mount {int(number)} of namespace {namespace}")
    report.true(len(seen) >= 2, f"only {len(seen)} mount namespaces")


def check(guest, report):
    check_mounts(guest, report)
    check_vmas(guest, report)
    check_open_files(guest, report)
    check_environment(guest, report)
    pid = processes(guest)[0]
    for table in ("vmas", "open_files", "environment"):
        one = guest.rows(table, f"tgid={pid}", partial=True)
        report.true(one == [row for row in guest.rows(table, partial=True) if row["tgid"] == pid],
                    f"{table} tgid={pid}")
