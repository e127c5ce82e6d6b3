"""A guest with 16 GiB of memory, most of it free, for run.py only."""

import os
import subprocess
from pathlib import Path

import boot

SOURCE = Path(__file__).with_suffix(".c")
MIB = 16 << 10


def dump(guest, work):
    """Its memory as a raw file, with QEMU's hole between 2 and 4 GiB; sparse: made when there is none yet."""
    path = work / "wide.raw"
    if not path.exists():
        new = Path(f"{path}.new")
        new.unlink(missing_ok=True)
        boot.capture(guest, SOURCE, MIB, lambda monitor: None, (
            "-machine", "q35,memory-backend=ram",
            "-object", f"memory-backend-file,id=ram,size={MIB}M,share=on,mem-path={new}"))
        subprocess.run(["fallocate", "--dig-holes", new], check=True)
        os.rename(new, path)
    return path
