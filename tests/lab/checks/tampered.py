"""Memory changed as intruders change it is reported, and nothing else is."""

import re
import struct
import tempfile
from pathlib import Path

import tamper
from checking import Skip, to_bytes, to_int

# In no code: a place between what is mapped.
NOWHERE = 0x123456789000
GIB = 1 << 30


def address_of(guest, name):
    """Of a kernel variable or function; None when the guest does not name it."""
    found = re.search(rb"^(\w+) \w %s$" % name.encode(), guest.truth("proc/kallsyms"), re.M)
    return int(found[1], 16) if found else None


def module_address(guest, name):
    return int(guest.truth(f"sys/module/{name}/sections/.gnu.linkonce.this_module"), 16)


def module_code(guest):
    """Where the code of some module begins that stays on the list."""
    for line in guest.truth("proc/modules").splitlines():
        name, _, _, _, _, base = line.split()[:6]
        if name not in (b"dummy", b"veth", b"nf_tables"):
            return int(base, 16)
    raise ValueError("the guest has no other modules")


def disagreeing(guest, table, key):
    return sorted(row[key] for row in guest.rows(table, "agrees=false", partial=True))


class Scene:
    """What is changed, and the rows by which it must be reported: table to values of a key column."""

    def __init__(self, guest, copy):
        self.guest, self.copy, self.wanted = guest, copy, {}

    def expect(self, table, key, value):
        self.wanted.setdefault((table, key), []).append(value)

    def hide_modules(self):
        """One from the list behind lsmod; another from that and from /sys."""
        guest, copy = self.guest, self.copy
        for name, everywhere in (("dummy", False), ("veth", True)):
            module = module_address(guest, name)
            copy.unlink(module + copy.offset("module", "list"))
            if everywhere:
                copy.unlink(module + copy.offset("module", "mkobj") + copy.offset("module_kobject", "kobj") +
                            copy.offset("kobject", "entry"))
            self.expect("hidden_modules", "name", name)

    def hide_tasks(self):
        """One from the list of processes, one from its pid, a thread from its process."""
        guest, copy = self.guest, self.copy
        tasks = {row["pid"]: to_int(row["address"]) for row in guest.rows("tasks", partial=True)}
        listed, numbered = [fact["pid"] for fact in guest.workload("identity") if fact["name"] in ("user", "euid")]
        copy.unlink(tasks[listed] + copy.offset("task_struct", "tasks"))
        pid = copy.pointer(tasks[numbered] + copy.offset("task_struct", "thread_pid"))
        copy.put_pointer(pid + copy.offset("pid", "tasks"), 0)
        process = max((name for name in guest.truth_names("proc") if name.isdigit()),
                      key=lambda name: len(guest.truth_names(f"proc/{name}/task")))
        thread = max(int(tid) for tid in guest.truth_names(f"proc/{process}/task"))
        copy.unlink(tasks[thread] + copy.offset("task_struct", "thread_node"))
        for hidden in (listed, numbered, thread):
            self.expect("hidden_tasks", "pid", hidden)

    def change_system_calls(self):
        """One leads into a module, one to a function of the kernel that is none, one behind the start."""
        table = address_of(self.guest, "sys_call_table")
        if table is None:
            return
        for number, target in ((60, module_code(self.guest)), (80, address_of(self.guest, "kernel_halt")),
                               (90, self.copy.pointer(table + 8 * 90) + 4)):
            self.copy.put_pointer(table + 8 * number, target)
            self.expect("syscall_table", "number", number)

    def change_interrupts(self):
        table = address_of(self.guest, "idt_table")
        if table is None or self.guest.facts["arch"] != "x86_64":
            return
        for vector, target in ((3, module_code(self.guest)), (128, NOWHERE)):
            gate = bytearray(self.copy.read(table + 16 * vector, 16))
            gate[0:2], gate[6:12] = struct.pack("<Q", target)[:2], struct.pack("<Q", target)[2:8]
            self.copy.write(table + 16 * vector, bytes(gate))
            self.expect("interrupt_table", "vector", vector)

    def change_probes(self):
        for row in self.guest.rows("kprobes", partial=True)[:1]:
            self.copy.put_pointer(to_int(row["address"]) + self.copy.offset("kprobe", "pre_handler"), NOWHERE)
            self.expect("kprobes", "address", row["address"])
        for row in self.guest.rows("ftrace_ops", partial=True)[:1]:
            self.copy.put_pointer(to_int(row["address"]) + self.copy.offset("ftrace_ops", "func"), NOWHERE)
            self.expect("ftrace_ops", "address", row["address"])

    def change_hooks(self):
        """A hook whose module hides, and one that was registered as another."""
        rows = self.guest.rows("netfilter_hooks")
        for row in rows:
            if row["module"] == "nf_tables":
                self.expect("netfilter_hooks", "function", row["function"])
        if any(row["module"] == "nf_tables" for row in rows):
            self.copy.unlink(module_address(self.guest, "nf_tables") + self.copy.offset("module", "list"))
            self.expect("hidden_modules", "name", "nf_tables")
        ops = {row["address"]: row["function"] for row in rows if row["module"] is None}
        for address, function in list(ops.items())[:1]:
            self.copy.put_pointer(to_int(address) + self.copy.offset("nf_hook_ops", "hook"), NOWHERE)
            for row in rows:
                if row["address"] == address:
                    self.expect("netfilter_hooks", "function", function)


def check(guest, report):
    if not guest.has_table("hidden_tasks"):
        raise Skip("no such table")
    if guest.dump.name != "memory.elf" or guest.dump.stat().st_size > GIB:
        raise Skip("a copy would be large")
    with tempfile.TemporaryDirectory(prefix="kernlens-tampered-") as directory:
        copy = tamper.Tampered(guest, Path(directory))
        scene = Scene(guest, copy)
        for change in (scene.hide_modules, scene.hide_tasks, scene.change_system_calls, scene.change_interrupts,
                       scene.change_probes, scene.change_hooks):
            change()
        for (table, key), values in scene.wanted.items():
            report.equal(disagreeing(copy, table, key), sorted(values), f"{table} of the touched guest")
        hidden = {to_bytes(row["name"]): row for row in copy.rows("hidden_modules", partial=True)}
        report.equal((hidden[b"dummy"]["in_list"], hidden[b"dummy"]["in_sysfs"]), (False, True), "module dummy")
        report.true(b"dummy" not in {to_bytes(row["name"]) for row in copy.rows("modules", partial=True)},
                    "the list of modules still has dummy")
