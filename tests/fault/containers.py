#!/usr/bin/env python3
"""Faults over files of memory: containers.py CONTAINER_FAULTS STRIDE

The seeds of the harness container, AVML, and what tests/lab/convert.py makes of a small one: every
container and every compression. What makedumpfile makes wants a kernel in it: see tests/diff.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/lab"))
import convert  # noqa: E402

SEEDS = ROOT / "corpus/seeds"
TAIL = 16  # options of the harness, behind every seed
CONVERTED = [name for name in convert.FORMATS if not name.startswith("makedumpfile") and name != "padded"]  # raw, and large


def main():
    program, stride = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for seed in [*sorted((SEEDS / "container").iterdir()), SEEDS / "codec/avml"]:
            files.append(Path(folder) / seed.name)
            files[-1].write_bytes(seed.read_bytes()[:-TAIL])
        for name in CONVERTED:
            files.append(Path(folder) / f"converted-{name}")
            convert.convert(Path(folder) / "vmcore-x86_64", name, files[-1])
        return subprocess.run([program, stride, "0", *files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
