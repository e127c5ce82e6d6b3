"""containers: the same memory in another container gives the same answers, byte for byte.

A conversion that left memory out (makedumpfile -d) may leave cells unreadable; what it answers is
the same. image_compare, from the build that the program is of, compares the memory itself.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from checking import PROGRAM, Skip

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import convert  # noqa: E402
from dump import ElfCore  # noqa: E402

# All of them on these guests: one of each architecture. A few, unlike each other, on the others.
THOROUGH = {"x86_64-6.12", "arm64-sid-16k"}
FEW = ("padded", "lime", "avml", "kdump-zstd", "flattened")
# What the conversion leaves out: pages of zeros, or whatever -d 31 takes for needless.
LOSSY = {"kdump-zstd-no-zeros", "makedumpfile-filtered", "makedumpfile-elf", "makedumpfile-split"}
X86_ONLY = "makedumpfile-"
FIRMWARE_PAGES = 64

# Tables that speak of the container, of registers that only some containers have, or of what attach
# needed to look up, which depends on those.
OF_THE_CONTAINER = {"segments", "diagnostics", "cpus", "kernel", "offsets"}
# Large, and from memory that other tables have read: on thorough guests only.
LARGE = {"types", "members", "symbols", "module_sections"}
# A row for every frame that the container knows: padded has zeros for gaps between RAM, LiME's raw mode has
# no RAM that is reserved.
OF_THE_FRAMES = {"pages", "memory_summary"}
OTHER_FRAMES = {"padded", "lime-raw"}
KERNEL_COLUMNS = ("release,version,build_id,arch,page_size,va_bits,page_table_levels,page_table_root,kaslr_offset,"
                  "image_base,image_phys,direct_map_base,vmemmap_base,cpus,btf_phys,btf_bytes,btf_types,symbols,"
                  "hostname,domain,boot_time")


def formats(guest):
    if guest.name not in THOROUGH:
        return FEW
    # Where a hole is in RAM, its raw mode says too little.
    lime_raw = ["lime-raw"] if len(guest.facts["ram"]) == 1 else []
    return lime_raw + [name for name in convert.FORMATS if guest.facts["arch"] == "x86_64" or not name.startswith(X86_ONLY)]


def tables(guest):
    out, _, _ = guest.run("tables", "--format", "ndjson")
    names = dict.fromkeys(json.loads(line)["table"] for line in out.splitlines())
    skipped = OF_THE_CONTAINER if guest.name in THOROUGH else OF_THE_CONTAINER | LARGE
    return [name for name in names if name not in skipped]


def write_lime_raw(guest, path):
    """LiME's raw mode: what /proc/iomem calls System RAM, one range after the other."""
    core = ElfCore(guest.dump)
    with open(path, "wb") as out:
        for line in guest.truth("proc/iomem").decode().splitlines():
            if not line.startswith(" ") and line.endswith(" : System RAM"):
                first, last = (int(part, 16) for part in line.split()[0].split("-"))
                segment = next(s for s in core.segments if s.start <= first < s.start + s.size)
                out.write(core.at(segment.offset + first - segment.start, last + 1 - first))


def convert_to(name, guest, path):
    if name == "lime-raw":
        write_lime_raw(guest, path)
    else:
        convert.convert(guest.dump, name, path)


class Answers:
    """What kernlens prints of a dump, table by table."""

    def __init__(self, guest, files):
        self._guest, self._files = guest, files

    def of(self, table, columns=None):
        """Lines of JSON, and the exit status."""
        parts = [argument for part in self._files[1:] for argument in ("--part", part)]
        chosen = ["--columns", columns] if columns else []
        out, status, error = self._guest.run(table, self._files[0], *parts, *chosen, "--format", "ndjson", "--quiet")
        if status not in (0, 4):
            raise RuntimeError(f"kernlens {table} exits {status}: {error.strip()}")
        return out.splitlines(), status


def same_but_unreadable(got, wanted):
    """Whether got says nothing else than wanted, though it may say less."""
    return len(got) == len(wanted) and all(
        one == other or all(cell is None or cell == theirs for cell, theirs in
                            zip(json.loads(one).values(), json.loads(other).values()))
        for one, other in zip(got, wanted))


def check_memory(report, name, reference, files):
    tool = Path(os.environ.get("KERNLENS", PROGRAM)).parent / "tests" / "io" / "image_compare"
    if not tool.exists():
        return
    done = subprocess.run([tool, reference, *files], capture_output=True, text=True)
    report.true(done.stdout, f"{name}: {done.stderr.strip()}")
    if not done.stdout:
        return
    sums = json.loads(done.stdout)
    # QEMU's ELF core has 256 KiB of firmware below 4 GiB, which nothing else holds; padded has zeros there.
    report.true(sums["differ"] == 0 or name == "padded" and sums["differ"] <= FIRMWARE_PAGES, f"{name}: {sums}")
    # Zeros that AVML left out where RAM may have ended cannot be told from no memory.
    absent = sums["absent"] - (sums["zero_absent"] if name == "avml" else 0)
    # And LiME's raw mode has no RAM that is reserved.
    report.true(absent <= (4 if name == "lime-raw" else 1) * FIRMWARE_PAGES, f"{name}: {absent} pages are absent")
    report.true(sums["filtered"] == 0 or name in LOSSY, f"{name}: {sums['filtered']} pages are filtered")
    report.equal(sums["failed"], 0, f"{name}: pages that cannot be read")


def check_answers(report, name, answers, wanted, chosen):
    for table, columns in chosen:
        if name in OTHER_FRAMES and table in OF_THE_FRAMES:
            continue
        lines, status = answers.of(table, columns)
        if name in LOSSY:
            # Walks through memory that was left out end early, and say so.
            report.true(status == 4 or same_but_unreadable(lines, wanted[table]),
                        f"{name}: {table} says something else")
        else:
            report.true(lines == wanted[table], f"{name}: {table} differs")


def check(guest, report):
    if guest.dump.name != "memory.elf":
        raise Skip
    chosen = [("kernel", KERNEL_COLUMNS)] + [(table, None) for table in tables(guest)]
    reference = Answers(guest, [guest.dump])
    wanted = {table: reference.of(table, columns)[0] for table, columns in chosen}
    for name in formats(guest):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            convert_to(name, guest, path)
            files = sorted(Path(folder).iterdir())
            check_memory(report, name, guest.dump, files)
            check_answers(report, name, Answers(guest, files), wanted, chosen)
