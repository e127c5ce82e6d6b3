"""kernel: the layout of addresses, against registers, /proc/iomem, /proc/kallsyms and VMCOREINFO."""

import json
import re

from checking import to_int


def symbol_address(guest, *names):
    """The address of the first of these that /proc/kallsyms has."""
    for name in names:
        found = re.search(rb"^(\S+) \S %s$" % name.encode(), guest.truth("proc/kallsyms"), re.MULTILINE)
        if found:
            return int(found[1], 16)
    return None


def vmcoreinfo(guest):
    """What the kernel's own note says, as a dict; the guest tells where it lies."""
    start, size = (int(word, 16) for word in guest.truth("sys/kernel/vmcoreinfo").split())
    with open(guest.directory / "memory.raw", "rb") as memory:
        for ram in guest.facts["ram"]:
            if ram["start"] <= start < ram["start"] + ram["bytes"]:
                memory.seek(start - ram["start"] + ram["file_offset"])
                note = memory.read(4 * size)
    text = note[note.index(b"OSRELEASE="):].split(b"\0")[0].decode()
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def check(guest, report):
    [row] = guest.rows("kernel")
    info = vmcoreinfo(guest)
    registers = json.loads((guest.directory / "registers.json").read_text())["cpus"][0]
    report.equal(to_int(row["kaslr_offset"]), int(info["KERNELOFFSET"], 16), "kaslr_offset")
    text = symbol_address(guest, "_text")
    if text:
        report.equal(to_int(row["image_base"]), text, "image_base")
    [code] = re.findall(rb"^\s*([0-9a-f]+)-[0-9a-f]+ : Kernel code$", guest.truth("proc/iomem"), re.MULTILINE)
    shift = (symbol_address(guest, "_stext") - to_int(row["image_base"])) if guest.facts["arch"] == "aarch64" else 0
    report.true(int(code, 16) - to_int(row["image_phys"]) in (0, shift), f"image_phys {row['image_phys']}")
    if guest.facts["arch"] == "aarch64":
        report.equal(to_int(row["page_table_root"]), int(registers["TTBR1_EL1"], 16) & 0xfffffffff000,
                     "page_table_root")
        report.equal(row["va_bits"], 64 - (int(registers["TCR_EL1"], 16) >> 16 & 63), "va_bits")
        memstart = int(info["NUMBER(PHYS_OFFSET)"], 16)
        base = (-(1 << int(info["NUMBER(VA_BITS)"])) - memstart) % (1 << 64)
        report.equal(to_int(row["direct_map_base"]), base, "direct_map_base")
    else:
        root = symbol_address(guest, "init_top_pgt") - to_int(row["image_base"]) + to_int(row["image_phys"])
        report.equal(to_int(row["page_table_root"]), root, "page_table_root")
        report.equal(row["page_table_levels"], 5 if int(registers["cr4"], 16) >> 12 & 1 else 4, "page_table_levels")
    report.true(to_int(row["direct_map_base"]), "direct_map_base is known")
    report.true(to_int(row["vmemmap_base"]), "vmemmap_base is known")
    if "SYMBOL(vmemmap)" in info:
        report.equal(to_int(row["vmemmap_base"]), int(info["SYMBOL(vmemmap)"], 16), "vmemmap_base")
