#!/usr/bin/env python3
"""ELF cores of every kind that is written here, next to libelf: elf.py ELF_LIBELF GENERATE

The seeds of the harness container, synthetic guests in their own ELF containers and in those of
tests/lab/convert.py, and a table of many segments that overlap; each also with damaged headers.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "lab"))
import convert  # noqa: E402

MUTATIONS = 400
SEEDS = ROOT / "corpus/seeds/container"
FORMATS = [name for name in convert.FORMATS if name.startswith("elf")]


def many_segments(path):
    """Seven segments of pages, some over others, one without a place, one of the kernel's image (kexec lists it twice)."""
    rows = [  # virtual, physical, bytes in the file, in memory
        (0, 0x1000, 0x3000, 0x3000), (0, 0x2000, 0x1000, 0x4000), (0xffffffff80000000, 0x2000, 0x2000, 0x2000),
        (0, 0x100000, 0x800, 0x1800), (0, 0x100400, 0x1000, 0x1000), (0, 2**64 - 1, 0x1000, 0x1000),
        (0, 2**52, 0, 0x5000)]
    data = bytes(range(256)) * 128
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, len(rows),
                                                             0, 0, 0)
    at, table = 0x1000, b""
    for virtual, physical, in_file, in_memory in rows:
        table += struct.pack("<IIQQQQQQ", 1, 7, at, virtual, physical, in_file, in_memory, 0)
        at += 0x1000
    path.write_bytes((header + table).ljust(0x1000, b"\0") + data)


def make(generate, folder):
    for shape, era in (("x86_64", 2), ("arm64-16k", 1)):
        for container in ("elf", "vmcore"):
            path = folder / f"{shape}-{container}"
            subprocess.run([generate, "--seed", "3", "--arch", shape, "--era", str(era), "--container", container, "-o",
                            path], check=True, stdout=subprocess.DEVNULL)
            yield path
        for name in FORMATS:
            converted = folder / f"{shape}-{name}"
            convert.convert(folder / f"{shape}-vmcore", name, converted)
            yield converted
    many_segments(folder / "many")
    yield folder / "many"


def main():
    program, generate = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(p for p in SEEDS.iterdir() if p.read_bytes()[:4] == b"\x7fELF") + list(make(generate, Path(folder)))
        return subprocess.run([program, str(MUTATIONS), *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
