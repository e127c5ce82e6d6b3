#!/usr/bin/env python3
"""Dumps that are made to take long: kernlens gives up in time.

hostile_test.py KERNLENS
"""
import os
import struct
import subprocess
import sys
import tempfile

PAGE, START, SECONDS = 4096, 0x40000000, 120


def pages_that_look_like_roots(path, pages=1024):
    """Every page is a table whose entries lead to other pages, each entry to another one."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IIQQQ", 0x4C694D45, 1, START, START + pages * PAGE - 1, 0))
        for page in range(pages):
            f.write(struct.pack("<512Q", *(START + (page * 7 + i) % pages * PAGE | 3 for i in range(512))))


def main():
    kernlens = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        dump = os.path.join(folder, "dump")
        pages_that_look_like_roots(dump)
        try:
            ran = subprocess.run([kernlens, "kernel", dump, "--quiet"], capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            print(f"pages that look like roots: no answer in {SECONDS} s")
            return 1
        if ran.returncode != 1:
            print(f"pages that look like roots: exit {ran.returncode}, not 1: {ran.stderr!r}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
