"""kernel, symbols: against what uname, /proc/stat, /sys/kernel/notes and /proc/kallsyms said."""

import struct
from collections import Counter

from checking import to_bytes, to_int


def build_id(notes):
    """The GNU build id among ELF notes, as hex."""
    at = 0
    while at + 12 <= len(notes):
        name_bytes, bytes_, kind = struct.unpack_from("<III", notes, at)
        name = notes[at + 12:at + 12 + name_bytes]
        start = at + 12 + (name_bytes + 3) // 4 * 4
        if kind == 3 and name == b"GNU\0":
            return notes[start:start + bytes_].hex()
        at = start + (bytes_ + 3) // 4 * 4
    return None


def cpu_count(text):
    """How many CPUs a list such as "0-3,5" names."""
    ranges = [part.split("-") for part in text.strip().split(",")]
    return sum(int(r[-1]) - int(r[0]) + 1 for r in ranges)


def check_kernel(guest, report):
    [row] = guest.rows("kernel")
    report.equal(to_bytes(row["release"]), guest.truth("proc/version").split()[2], "release")
    report.equal(to_bytes(row["version"]), guest.truth("proc/version").rstrip(b"\n"), "version")
    report.equal(row["arch"], guest.facts["arch"], "arch")
    report.equal(row["page_size"], guest.page_size, "page_size")
    report.equal(to_bytes(row["hostname"]), guest.truth("proc/sys/kernel/hostname").rstrip(b"\n"), "hostname")
    report.equal(to_bytes(row["domain"]), guest.truth("proc/sys/kernel/domainname").rstrip(b"\n"), "domain")
    notes = guest.truth("sys/kernel/notes")
    if notes:
        report.equal(row["build_id"], build_id(notes), "build_id")
    possible = guest.truth("sys/devices/system/cpu/possible")
    report.equal(row["cpus"], cpu_count(possible.decode()), "cpus")
    [btime] = [line.split()[1] for line in guest.truth("proc/stat").splitlines() if line.startswith(b"btime")]
    # The clock's own correction moves it while the guest runs.
    report.true(abs(row["boot_time"] - int(btime)) <= 2, f"boot_time {row['boot_time']}, btime {btime}")


def check_symbols(guest, report):
    def symbol(line):
        address, kind, name, *module = line.split(maxsplit=3)
        return int(address, 16), kind, name, module[0].strip(b"[]") if module else None
    lines = [symbol(line) for line in guest.truth("proc/kallsyms").splitlines()]
    rows = [(to_int(row["address"]), to_bytes(row["type"]), to_bytes(row["name"]), to_bytes(row["module"]))
            for row in guest.rows("symbols")]
    report.equal([row for row in rows if not row[3]], [line for line in lines if not line[3]], "the kernel's symbols")
    # What has no struct module (BPF programs, trampolines) is no module's.
    modules = {to_bytes(row["name"]) for row in guest.rows("modules")}
    wanted = [line for line in lines if line[3] in modules]
    got, told = Counter(row for row in rows if row[3]), Counter(wanted)
    report.equal(list((got - told).items())[:5], [], "symbols of modules that the guest does not know")
    report.equal(list((told - got).items())[:5], [], "symbols of modules that are missing")
    # By address: the address that most symbols share, and some of kernel and modules.
    known = [line for line in lines if not line[3] or line[3] in modules]
    [(crowd, _)] = Counter(line[0] for line in known).most_common(1)
    for address in [crowd, *(line[0] for line in known[7::len(known) // 8])]:
        found = {(to_int(row["address"]), to_bytes(row["name"]), to_bytes(row["module"]))
                 for row in guest.rows("symbols", f"address={address:#x}")}
        report.equal(found, {(line[0], line[2], line[3]) for line in known if line[0] == address},
                     f"symbols at {address:#x}")


def check(guest, report):
    check_kernel(guest, report)
    check_symbols(guest, report)
