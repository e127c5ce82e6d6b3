#!/usr/bin/env python3
"""Runs a program on captured guests' dumps: guests.py [--only NAME,...] PROGRAM ARGUMENT...; the dump comes last.

Exits with 77 when no guest was captured: nothing was compared.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))
import cache  # noqa: E402

NOTHING_TO_COMPARE = 77


def main():
    command, only = sys.argv[1:], None
    if command[:1] == ["--only"]:
        only, command = command[1].split(","), command[2:]
    dumps = [d for d in sorted(cache.root().glob("[!.]*/memory.elf")) if not only or d.parent.name in only]
    failed = 0
    for dump in dumps:
        done = subprocess.run([*command, str(dump)], capture_output=True, text=True, check=False)
        failed += done.returncode != 0
        print(f"{dump.parent.name}: {(done.stdout + done.stderr).strip()}"
              f"{f' (exit {done.returncode})' if done.returncode else ''}")
    if not dumps:
        print("no guest is captured: ./run lab all")
        return NOTHING_TO_COMPARE
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
