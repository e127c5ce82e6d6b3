"""tasks: every process and thread, against /proc/PID."""

import re

from checking import to_bytes, to_int

TICKS = 100                     # USER_HZ, by which /proc/PID/stat counts
PF_WQ_WORKER, PF_KTHREAD = 0x20, 0x200000


def stat(text):
    """Fields of /proc/PID/stat by their number in proc(5); the name may hold anything."""
    opened, closed = text.index(b"("), text.rindex(b")")
    fields = [None, int(text[:opened]), text[opened + 1:closed], *text[closed + 2:].split()]
    return fields


def status(text):
    return {key: value.split() for key, _, value in
            (line.partition(b":") for line in text.splitlines())}


def seen_from_inside(path, root):
    """/proc shows paths from the reader's root; kernlens from the owner's."""
    if path is None or root in (None, b"/") or not path.startswith(root + b"/"):
        return path
    return path[len(root):]


def command_line(text):
    """The text that stands for /proc/PID/cmdline: spaces for NULs, none at the end."""
    if text.endswith(b"\0"):
        text = text[:-1]
    return text.replace(b"\0", b" ")


def check_thread(guest, report, row, directory, what):
    """What a thread has of its own. directory: the truth's /proc/TGID/task/TID."""
    fields = stat(guest.truth(f"{directory}/stat"))
    said = status(guest.truth(f"{directory}/status"))
    flags = int(fields[9])
    comm = guest.truth(f"{directory}/comm")[:-1]
    got = to_bytes(row["comm"])
    # /proc tells what a worker did last, and gives kernel threads' names whole.
    if flags & PF_WQ_WORKER:
        comm = comm[:len(got)]
    elif flags & PF_KTHREAD:
        comm = comm[:15]
    report.equal(got, comm, f"{what} comm")
    report.equal(row["ppid"], int(fields[4]), f"{what} ppid")
    report.equal(row["kind"], "kernel" if flags & PF_KTHREAD else "user", f"{what} kind")
    report.equal(row["uid"], int(said[b"Uid"][0]), f"{what} uid")
    report.equal(row["euid"], int(said[b"Uid"][1]), f"{what} euid")
    report.equal(row["gid"], int(said[b"Gid"][0]), f"{what} gid")
    report.equal(row["priority"], int(fields[18]), f"{what} priority")
    # The reader may be in a time namespace, never this one.
    report.equal(row["start_time_ns"] // (10 ** 9 // TICKS), int(fields[22]), f"{what} start time")
    # The witness was running while it told; kernel threads run when they like.
    if not flags & PF_KTHREAD and row["tgid"] != int(guest.truth("lab/witness_pid")):
        report.equal(row["state"], fields[3].decode(), f"{what} state")
        report.equal(row["cpu"], int(fields[39]), f"{what} cpu")


def check_process(guest, report, row, pid):
    what = f"process {pid}"
    proc = f"proc/{pid}"
    root = guest.truth(f"{proc}/root")
    said = status(guest.truth(f"{proc}/status"))
    report.equal(row["threads"], int(said[b"Threads"][0]), f"{what} threads")
    # Without memory of its own there is nothing to name: /proc says so by an empty file.
    report.equal(to_bytes(row["exe"]), seen_from_inside(guest.truth(f"{proc}/exe"), root), f"{what} exe")
    wanted = command_line(guest.truth(f"{proc}/cmdline"))
    got = to_bytes(row["command_line"])
    report.equal(b"" if got is None else got, wanted[:len(got or b"")] if len(wanted) > 32 << 10 else wanted,
                 f"{what} command line")
    report.true(len(got or b"") >= min(len(wanted), 32 << 10), f"{what} command line is cut")
    for line in (guest.truth(f"{proc}/cgroup") or b"").splitlines():
        if line.startswith(b"0::"):
            report.equal(to_bytes(row["cgroup"]), line[3:], f"{what} cgroup")


def check(guest, report):
    rows = guest.rows("tasks", partial=True)
    by_pid = {row["pid"]: row for row in rows}
    report.true(len(by_pid) == len(rows), "a pid comes twice")
    processes = [int(name) for name in guest.truth_names("proc") if re.fullmatch(r"\d+", name)]
    seen = set()
    for pid in processes:
        for name in guest.truth_names(f"proc/{pid}/task"):
            tid = int(name)
            row = by_pid.get(tid)
            seen.add(tid)
            report.true(row is not None, f"thread {tid} of {pid} is missing")
            if row is None:
                continue
            report.equal(row["tgid"], pid, f"thread {tid} tgid")
            check_thread(guest, report, row, f"proc/{pid}/task/{tid}", f"thread {tid}")
        if pid in by_pid:
            check_process(guest, report, by_pid[pid], pid)
    # Kernel workers come and go; nothing else was started after the truth was told.
    for row in rows:
        if row["kind"] == "user":
            report.true(row["pid"] in seen, f"thread {row['pid']} is none of the guest's")
    check_constraints(guest, report, rows)


def check_constraints(guest, report, rows):
    """A constraint that is pushed down finds what the whole walk has."""
    threads = [row for row in rows if row["threads"] > 1]
    for row in threads[:3] + rows[:3]:
        report.true(guest.rows("tasks", f"pid={row['pid']}", partial=True) == [row], f"tasks pid={row['pid']}")
        process = [other for other in rows if other["tgid"] == row["tgid"]]
        report.true(guest.rows("tasks", f"tgid={row['tgid']}", partial=True) == process,
                    f"tasks tgid={row['tgid']}")
    report.equal(guest.rows("tasks", "pid=4000000000"), [], "tasks of a pid that nobody has")
    roots = {to_int(row["page_table_root"]) for row in rows if row["kind"] == "user" and row["mm"]}
    report.true(len(roots) > 1 and None not in roots, "page-table roots")
