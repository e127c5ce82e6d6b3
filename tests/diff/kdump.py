#!/usr/bin/env python3
"""kdump files next to libkdumpfile: kdump.py KDUMP_LIBRARY GENERATE

What the generator and tests/lab/convert.py make of synthetic guests, by each method, and what
makedumpfile makes of a captured one.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lab"))
import cache  # noqa: E402
import convert  # noqa: E402

GUEST = "x86_64-6.1"
BY_MAKEDUMPFILE = ("makedumpfile-filtered", "makedumpfile-flattened", "makedumpfile-split")


def synthetic(generate, folder):
    for shape in ("x86_64", "arm64-16k"):
        source = folder / f"{shape}-vmcore"
        for container in ("vmcore", "kdump", "kdump-stored"):
            path = folder / f"{shape}-{container}"
            subprocess.run([generate, "--seed", "3", "--arch", shape, "--era", "2", "--container", container, "-o", path],
                           check=True, stdout=subprocess.DEVNULL)
            if container != "vmcore":
                yield path.name, [path]
        for name in convert.FORMATS:
            if name.startswith("kdump") or name == "flattened":
                path = folder / f"{shape}-{name}"
                convert.convert(source, name, path)
                yield name, [path]


def captured(folder):
    dump = cache.root() / GUEST / "memory.elf"
    for name in BY_MAKEDUMPFILE if dump.exists() else ():
        path = folder / name
        convert.convert(dump, name, path)
        parts = sorted(folder.glob(f"{name}.*"))
        yield name, parts or [path]
        for part in parts or [path]:
            part.unlink()


def undone(path):
    """What a flattened file holds: libkdumpfile 0.5.1 has no such files."""
    plain = path.with_suffix(".plain")
    with open(path, "rb") as flattened:
        subprocess.run(["makedumpfile", "-R", plain], stdin=flattened, check=True, capture_output=True)
    return plain


def main():
    program, generate = sys.argv[1:]
    failed = compared = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for some in (synthetic(generate, folder), captured(folder)):
            for name, files in some:
                theirs = ["--", undone(files[0])] if name.endswith("flattened") else []
                done = subprocess.run([program, *files, *theirs], capture_output=True, text=True, check=False)
                failed += done.returncode != 0
                compared += 1
                print(f"{files[0].name}: {done.stdout.strip()}{'  WRONG' if done.returncode else ''}", flush=True)
                for part in theirs[1:]:
                    part.unlink()
    print(f"{compared} dumps compared, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
