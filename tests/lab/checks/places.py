"""capabilities, namespaces, cgroups: against /proc/PID/{status,ns,cgroup} and /sys/fs/cgroup."""

import re

from checking import Skip, to_bytes

# Bit by bit, from capabilities(7).
NAMES = """chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace
sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control
setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore""".split()
SETS = {"CapInh": "inheritable", "CapPrm": "permitted", "CapEff": "effective", "CapBnd": "bounding",
        "CapAmb": "ambient"}


def processes(guest):
    return [int(name) for name in guest.truth_names("proc") if name.isdigit()]


def check_capabilities(guest, report):
    found = {}
    for row in guest.rows("capabilities"):
        found.setdefault(row["tgid"], {})[row["name"]] = {name for name in SETS.values() if row[name]}
    distinct = set()
    for pid in processes(guest):
        said = dict(re.findall(r"^(Cap\w+):\s+(\w+)$", guest.truth(f"proc/{pid}/status").decode(errors="replace"),
                               re.M))
        told = {}
        for line, name in SETS.items():
            bits = int(said[line], 16)
            for bit in range(bits.bit_length()):
                if bits >> bit & 1:
                    told.setdefault("cap_" + NAMES[bit], set()).add(name)
        distinct.add(str(sorted(said.items())))
        report.equal(found.get(pid, {}), told, f"capabilities of {pid}")
    report.true(len(distinct) >= 4, f"only {len(distinct)} different sets of capabilities")
    one = [row for row in guest.rows("capabilities") if row["tgid"] == 1]
    report.equal(guest.rows("capabilities", "tgid=1"), one, "capabilities tgid=1")


def check_namespaces(guest, report):
    found = {}
    for row in guest.rows("namespaces"):
        found.setdefault(row["tgid"], {})[row["kind"]] = row["inode"]
    kinds = {}
    for pid in processes(guest):
        told = {}
        for kind in guest.truth_names(f"proc/{pid}/ns"):
            told[kind] = int(re.search(rb"\[(\d+)\]", guest.truth(f"proc/{pid}/ns/{kind}"))[1])
            kinds.setdefault(kind, set()).add(told[kind])
        # A zombie has left them; some can't be looked at from outside any more.
        report.equal(found.get(pid, {}) if told else {}, told, f"namespaces of {pid}")
    for kind in ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"):
        report.true(len(kinds[kind]) >= 2, f"only one {kind} namespace")
    one = [row for row in guest.rows("namespaces") if row["tgid"] == 1]
    report.equal(guest.rows("namespaces", "tgid=1"), one, "namespaces tgid=1")


def groups_below(guest, path):
    """Every group that the guest told of, by its path from the hierarchy's root."""
    if guest.truth(f"{path}/inode") is None:
        return
    yield path
    for name in guest.truth_names(path):
        yield from groups_below(guest, f"{path}/{name}")


def check_group(guest, report, row, directory, what):
    def number(file):
        text = guest.truth(f"{directory}/{file}")
        return None if text is None or text.strip() == b"max" else int(text)

    report.equal(row["id"], number("inode"), f"{what} id")
    witness = int(guest.truth("lab/witness_pid"))
    threads = guest.truth(f"{directory}/cgroup.threads")
    if threads is not None and str(witness).encode() not in threads.split():
        report.equal(row["tasks"], len(threads.split()), f"{what} tasks")
    report.equal(row["memory_bytes"] is None, number("memory.current") is None, f"{what} has memory.current")
    if row["memory_bytes"]:
        # The kernel charges a group a few pages ahead, and takes them back when it likes.
        report.true(abs(row["memory_bytes"] - number("memory.current")) <= 256 * guest.page_size,
                    f"{what} memory: {row['memory_bytes']}, but the guest says {number('memory.current')}")
    report.equal(row["memory_max_bytes"], number("memory.max"), f"{what} memory.max")
    stat = dict(line.split() for line in (guest.truth(f"{directory}/cpu.stat") or b"").splitlines())
    if row["cpu_ns"] is not None:
        report.equal(row["cpu_ns"] // 1000, int(stat[b"usage_usec"]), f"{what} cpu.stat")


def check_cgroups(guest, report):
    rows = guest.rows("cgroups")
    for pid in processes(guest):
        for line in (guest.truth(f"proc/{pid}/cgroup") or b"").splitlines():
            hierarchy, _, path = line.split(b":", 2)
            match = [row for row in rows if row["hierarchy"] == int(hierarchy) and to_bytes(row["path"]) == path]
            report.equal(len(match), 1, f"groups {line} of {pid}")
    for root, version_2 in (("sys/fs/cgroup", True), ("run/named-cgroup", False)):
        told = {("/" + path[len(root):].lstrip("/")).encode(): path for path in groups_below(guest, root)}
        own = {to_bytes(row["path"]): row for row in rows
               if (row["hierarchy"] == 0) == version_2 and (version_2 or row["name"] == "lab")}
        if not told and not version_2:  # a kernel without version 1
            continue
        report.equal(sorted(own), sorted(told), f"groups of {root}")
        for path, directory in told.items():
            if path in own:
                check_group(guest, report, own[path], directory, f"group {path}")


def check(guest, report):
    if not guest.has_table("cgroups"):
        raise Skip("no such table")
    check_capabilities(guest, report)
    check_namespaces(guest, report)
    check_cgroups(guest, report)
