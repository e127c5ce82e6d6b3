"""The tables that look for tampering: what an untouched guest has agrees, and equals what it lists."""

import re

from checking import Skip, to_int

TABLES = ("syscall_table", "interrupt_table", "ftrace_ops", "kprobes", "netfilter_hooks", "hidden_modules",
          "hidden_tasks")
FAMILIES = {2: "ip", 10: "ip6", 3: "arp", 5: "netdev"}
HOOKS = {"ip": ("prerouting", "input", "forward", "output", "postrouting"), "arp": ("input", "output", "forward"),
         "netdev": ("ingress", "egress")}
HOOKS["ip6"] = HOOKS["ip"]


def symbols(guest):
    """Names that the guest gives an address."""
    found = {}
    for line in guest.truth("proc/kallsyms").splitlines():
        fields = line.split()
        found.setdefault(int(fields[0], 16), set()).add(fields[2].decode())
    return found


def has_symbol(guest, name):
    return re.search(rb"^\w+ \w %s$" % name, guest.truth("proc/kallsyms"), re.M) is not None


def check_agreement(guest, report, rows):
    for table in TABLES:
        report.equal([row for row in rows[table] if not row["agrees"]], [], f"{table}: what does not agree")


def check_names(guest, report, rows):
    names = symbols(guest)
    for table, address, symbol in (("syscall_table", "address", "symbol"), ("interrupt_table", "address", "symbol"),
                                   ("netfilter_hooks", "function", "symbol"), ("kprobes", "probed", "symbol"),
                                   ("kprobes", "handler", "handler_symbol")):
        for row in rows[table]:
            if row[symbol] is None:
                continue
            name, _, offset = row[symbol].partition("+")
            report.true(name in names.get(to_int(row[address]) - int(offset or "0", 16), ()),
                        f"{table}: {row[address]} is {row[symbol]}")


def check_probes(guest, report, rows):
    told = guest.truth("sys/kernel/debug/kprobes/list")
    if told is None:    # a capture from before the witness told of it
        return
    wanted = sorted((int(at, 16), b"[DISABLED]" in rest) for at, rest in
                    re.findall(rb"^([0-9a-f]+)\s+\w\s+(.*)$", told, re.M))
    report.true(len(wanted) >= 5, "the guest has few probes")
    report.equal(sorted((to_int(row["probed"]), row["disabled"]) for row in rows), wanted, "kprobes")


def check_hooks(guest, report, rows):
    """Where the kernel can list hooks, that list; else the chains that the workload made."""
    one = int(re.search(rb"\d+", guest.truth("proc/1/ns/net"))[0])
    alone = [fact["pid"] for fact in guest.workload("sockets-alone") if fact["fact"] == "process"][0]
    for part, number in (("netfilter", one),
                         ("netfilter-alone", int(re.search(rb"\d+", guest.truth(f"proc/{alone}/ns/net"))[0]))):
        facts = guest.workload(part)
        own = [row for row in rows if row["namespace"] == number]
        listed = any(fact["fact"] == "listing" and fact["complete"] for fact in facts)
        for fact in facts:
            if fact["fact"] == "listing" or fact["family"] not in FAMILIES and fact["fact"] == "hook":
                continue
            families = [FAMILIES[fact["family"]]] if fact["family"] in FAMILIES else ["ip", "ip6"]    # inet
            for family in families:
                match = [row for row in own if row["family"] == family and row["priority"] == fact["priority"] and
                         row["hook"] == HOOKS[family][fact["hook"]]]
                report.true(len(match) == 1, f"{part}: {fact} is {match}")
                if fact["fact"] == "hook" and match:
                    report.equal((match[0]["symbol"], match[0]["module"] or ""),
                                 (fact["function"], fact["module"]), f"{part}: function of {fact}")
        if listed:
            report.equal(len(own), sum(fact["fact"] == "hook" for fact in facts), f"{part}: hooks")


def check_modules(guest, report, rows):
    report.equal(sorted(row["name"].encode() for row in rows),
                 sorted(line.split()[0] for line in guest.truth("proc/modules").splitlines()), "modules")


def check_tasks(guest, report, rows):
    pids = {row["pid"] for row in rows}
    for pid in guest.truth_names("proc"):
        if pid.isdigit():
            told = {int(tid) for tid in guest.truth_names(f"proc/{pid}/task")}
            report.true(told <= pids, f"tasks of {pid}: {told - pids} are missing")
    report.equal(pids, {row["pid"] for row in guest.rows("tasks")}, "tasks, by the table of tasks")


def check(guest, report):
    if not guest.has_table("hidden_tasks"):
        raise Skip("no such table")
    # A kernel that does not name its variables does not say where this one is.
    rows = {table: guest.rows(table, partial=table == "syscall_table" and not has_symbol(guest, b"sys_call_table"))
            for table in TABLES}
    check_agreement(guest, report, rows)
    check_names(guest, report, rows)
    check_probes(guest, report, rows["kprobes"])
    if guest.workload("netfilter"):
        check_hooks(guest, report, rows["netfilter_hooks"])
    check_modules(guest, report, rows["hidden_modules"])
    check_tasks(guest, report, rows["hidden_tasks"])
    if guest.truth("sys/kernel/debug/kprobes/list"):
        report.true(len(rows["ftrace_ops"]) >= 1, "no ftrace_ops")
    if has_symbol(guest, b"sys_call_table"):
        report.true(len(rows["syscall_table"]) > 400, "few system calls")
        report.true(guest.facts["arch"] != "x86_64" or len(rows["interrupt_table"]) == 256, "256 gates")
