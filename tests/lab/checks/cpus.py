"""cpus: against /sys/devices/system/cpu and the registers."""

import json

from checking import to_int


def ranges(text):
    """The numbers of "0-3,5"."""
    found = []
    for part in text.decode().strip().split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def check(guest, report):
    rows = guest.rows("cpus")
    report.equal([row["cpu"] for row in rows], ranges(guest.truth("sys/devices/system/cpu/possible")), "possible")
    report.equal([row["cpu"] for row in rows if row["online"]], ranges(guest.truth("sys/devices/system/cpu/online")),
                 "online")
    registers = json.loads((guest.directory / "registers.json").read_text())["cpus"]
    for row, said in zip(rows, registers):
        ip = said.get("rip", said.get("pc"))
        if row["instruction_pointer"] is not None:
            report.equal(to_int(row["instruction_pointer"]), int(ip, 16), f"cpu {row['cpu']} instruction pointer")
        if row["page_table_root"] is not None and "cr3" in said:
            report.equal(to_int(row["page_table_root"]), int(said["cr3"], 16) & ~0xfff, f"cpu {row['cpu']} root")
        # The processor's own pointer to its area, which is the offset where symbols count from 0.
        if "gs_base" in said and guest.truth("proc/kallsyms").startswith(b"0000000000000000 "):
            base = int(said["gs_base"], 16) or int(said["k_gs_base"], 16)
            report.equal(to_int(row["per_cpu_offset"]), base, f"cpu {row['cpu']} per-CPU offset")
