"""A guest of the lab's 6.12 kernel with one BPF hash of a million elements, for run.py only."""

import os
from pathlib import Path

import boot

SOURCE = Path(__file__).with_suffix(".c")


def dump(guest, work):
    """The ELF core of such a guest, made when there is none yet."""
    path = work / "million.elf"
    if not path.exists():
        boot.capture(guest, SOURCE, 512, lambda monitor: monitor.ask(
            "dump-guest-memory", paging=False, protocol=f"file:{path}.new"))
        os.rename(f"{path}.new", path)
    return path
