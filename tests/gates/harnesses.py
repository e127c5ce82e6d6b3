#!/usr/bin/env python3
"""Every harness is everywhere that harnesses are listed: built, measured, described, with seeds.

    harnesses.py ROOT
"""

import re
import sys
from pathlib import Path

NO_HARNESS = {"planted"}  # the rig's own test


def findings(root):
    fuzz = root / "fuzz"
    sources = {p.name.removesuffix("_fuzzer.c") for p in fuzz.glob("*_fuzzer.c")} - NO_HARNESS
    cmake = (fuzz / "CMakeLists.txt").read_text(encoding="utf-8")
    lists = re.findall(r"(?:set\(harnesses|APPEND harnesses)([^)]*)\)", cmake)
    targets = (fuzz / "targets.tsv").read_text(encoding="utf-8").splitlines()
    table = [line.split("|")[1] for line in (fuzz / "README.md").read_text(encoding="utf-8").splitlines()
             if line.startswith("| `")]
    places = {
        "fuzz/CMakeLists.txt": {name for part in lists for name in part.split()},
        "fuzz/targets.tsv": {line.split("\t")[0] for line in targets if not line.startswith("#")},
        "fuzz/README.md": {name for cell in table for name in re.findall(r"`(\w+)`", cell)} - NO_HARNESS,
        "corpus/seeds": {p.name for p in (root / "corpus/seeds").iterdir() if any(p.iterdir())} & sources,
    }
    for place, named in places.items():
        yield from (f"{place}: {name} is missing" for name in sorted(sources - named))
        yield from (f"{place}: {name} is no harness" for name in sorted(named - sources))
    for folder in ("corpus/seeds", "corpus/regressions", "fuzz/dictionaries"):
        for path in sorted((root / folder).iterdir()):
            if path.name not in sources and not any(path.name.startswith(name) for name in NO_HARNESS):
                yield f"{folder}/{path.name}: there is no such harness"


def main():
    found = list(findings(Path(sys.argv[1])))
    print("\n".join(found) if found else "all harnesses are in all lists")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
