"""Attach when much of what it goes by is missing: the same kernel must be found, or less of it.

No dump on disk is like that, so attach_probe shows a capture with bytes wiped, damaged or absent.
What it finds undisturbed is held against the guest's truth by the other checks.
"""

import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

from checking import PROGRAM, Skip

PROBE = Path(os.environ.get("ATTACH_PROBE", PROGRAM.parent / "tests" / "tools" / "attach_probe"))
WITHOUT_VMCOREINFO = ["--wipe-text", "OSRELEASE=", "--wipe-text", "VMCOREINFO"]
WITHOUT_KALLSYMS = ["--wipe-text", "".join(rf"{digit}\0" for digit in range(10))]
SAME = ["release", "version", "image_base", "image_phys", "root", "direct_map_base", "vmemmap_base", "cpus",
        "btf_types", "paging.levels", "paging.va_bits"]
PAGE = 4096


def probe(dump, *options):
    """Facts, addresses of known symbols, and what was printed when it failed."""
    done = subprocess.run([PROBE, dump, *options], capture_output=True, text=True)
    facts, symbols = {"lost": set()}, {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        if key == "symbol":
            address, name = value.split()
            symbols[name] = address
        elif key == "diagnostic":
            facts["lost"].add(value.split(": ")[1])
        elif key not in ("field", "missing"):
            facts[key] = value.strip()
    return (facts, symbols, None) if done.returncode == 0 else (None, None, done.stdout.split("\n")[0])


def nothing(value):
    return not value.removeprefix("0x").strip("0")


def compare(report, usual, dump, what, *options, less=False):
    """less: facts may be missing, but then that must be said; none may be another."""
    facts, symbols, error = probe(dump, *options)
    report.true(facts is not None, f"{what}: {error}")
    if not facts:
        return
    skipped = {key for key in SAME if less and nothing(facts[key])}
    if less and "possible CPUs" in facts["lost"]:
        skipped.add("cpus")
    kept = [key for key in SAME if key not in skipped]
    report.equal([facts[key] for key in kept], [usual[0][key] for key in kept], what)
    report.equal({name: at for name, at in symbols.items() if at != usual[1].get(name, at)}, {},
                 f"{what}: symbols elsewhere")


def check_symbols(guest, report, dump, options):
    """Lost pages of the symbol table may cost symbols, but change none."""
    program = os.environ.get("ATTACH_PROBE", PROBE)
    got = subprocess.run([program, dump, "--symbols", *options], capture_output=True).stdout.splitlines()
    truth = [line for line in guest.truth("proc/kallsyms").splitlines() if b"\t[" not in line]
    report.equal(len(got), len(truth), "symbols with pages absent")
    wrong = [line for line, told in zip(got, truth) if line != told and not line.startswith(b"?")]
    report.equal(wrong[:5], [], "symbols that changed with pages absent")
    readable = sum(not line.startswith(b"?") for line in got)
    report.true(2 * readable > len(truth), f"only {readable} of {len(truth)} symbols left")


def random_pages(usual, seed):
    """Options that take 48 pages of the image away, not of its BTF."""
    choice = random.Random(seed)
    start, btf = int(usual["image_phys"], 16), int(usual["btf_phys"], 16)
    pages = [start + PAGE * choice.randrange((24 << 20) // PAGE) for _ in range(48)]
    kept = [page for page in pages if not btf - PAGE < page < btf + int(usual["btf_bytes"])]
    return [option for page in kept for option in ("--absent", f"{page:#x}:{PAGE}")]


def system_map(guest, path):
    """A map of the kernel as it was linked: what is in the image, moved back by the KASLR offset."""
    lines = [line.split() for line in guest.truth("proc/kallsyms").splitlines() if b"\t[" not in line]
    [row] = guest.rows("kernel")
    offset = int(row["kaslr_offset"] or "0", 16)
    with open(path, "wb") as file:
        for address, kind, name in lines:
            at = int(address, 16)
            file.write(b"%016x %s %s\n" % (at - offset if at >> 48 == 0xffff else at, kind, name))


def check_helpers(guest, report, usual, elf, raw):
    """What a user may give: types, symbols, a root; and a damaged copy of types is no copy."""
    start, size = int(usual[0]["btf_phys"], 16), int(usual[0]["btf_bytes"])
    gone = ["--absent", f"{(start + size // 2) // PAGE * PAGE:#x}:{PAGE}"]
    facts, _, error = probe(elf, *gone)
    if facts:   # another whole copy lies in memory
        report.equal([facts[key] for key in SAME], [usual[0][key] for key in SAME], "another copy of the types")
        report.true(facts["btf_phys"] != usual[0]["btf_phys"], "an incomplete BTF is no BTF")
    else:
        report.true(re.search("BTF", error), error)
    types = guest.directory / "truth/sys/kernel/btf/vmlinux"
    if types.exists():
        compare(report, usual, elf, "types given", *gone, "--btf", types)
    with tempfile.TemporaryDirectory() as scratch:
        system_map(guest, f"{scratch}/System.map")
        compare(report, usual, raw, "symbols given", *WITHOUT_KALLSYMS, "--map", f"{scratch}/System.map")
        facts, _, _ = probe(elf, "--map", f"{scratch}/System.map")
        report.equal(facts and facts["symbols"], usual[0]["symbols"], "symbols of the map")
    compare(report, usual, raw, "root given", *WITHOUT_VMCOREINFO, *WITHOUT_KALLSYMS, "--root", usual[0]["root"])


def check(guest, report):
    program = os.environ.get("ATTACH_PROBE", PROBE)
    if not os.access(program, os.X_OK):
        raise Skip(f"no {program}")
    elf, raw = guest.directory / "memory.elf", guest.directory / "memory.raw"
    usual = probe(elf)
    report.true(usual[0] is not None, f"attach: {usual[2]}")
    if usual[0] is None:
        return
    for name, dump in (("elf", elf), ("raw", raw)):
        compare(report, usual, dump, name)
        compare(report, usual, dump, f"{name} without VMCOREINFO", *WITHOUT_VMCOREINFO)
        compare(report, usual, dump, f"{name} without VMCOREINFO and kallsyms", *WITHOUT_VMCOREINFO, *WITHOUT_KALLSYMS)
    compare(report, usual, elf, "copied, not lent", "--no-lend")
    for seed in range(3):
        absent = random_pages(usual[0], seed)
        compare(report, usual, elf, f"pages absent, seed {seed}", *absent, less=True)
        check_symbols(guest, report, elf, absent)
    check_helpers(guest, report, usual, elf, raw)
