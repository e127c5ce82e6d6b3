#!/usr/bin/env python3
"""The table of what tests execute, from llvm-cov's summary; fails below what is asked for.

    coverage.py SUMMARY FOLDER
"""

import json
import sys
from pathlib import Path

# (floor of the core, or all of it; what is counted; at least so many per cent)
# The aim for branches is 90: what is reached on the way is not given up.
ASKED = [("core", "lines", 95.0), ("core", "branches", 90.0), ("core/base", "lines", 100.0),
         ("core/base", "branches", 100.0)]


def sums(files):
    """Of each kind: (all there are, those that ran)."""
    return {kind: (sum(f[kind]["count"] for f in files), sum(f[kind]["covered"] for f in files))
            for kind in ("lines", "branches")}


def percent(count, covered):
    return 100.0 * covered / count if count else 100.0


def show(name, of):
    cells = "".join(f"{percent(*of[kind]):8.2f} {of[kind][0] - of[kind][1]:6d}" for kind in ("lines", "branches"))
    print(f"{name:32}{cells}")


def main():
    summary, folder = sys.argv[1], Path(sys.argv[2])
    files = {str(Path(f["filename"]).relative_to(folder.parent)): f["summary"]
             for f in json.loads(Path(summary).read_text())["data"][0]["files"]
             if Path(f["filename"]).is_relative_to(folder)}
    print(f"{'':32}{'lines %':>8} {'missed':>6}{'branches %':>8} {'missed':>4}")
    for name, f in sorted(files.items()):
        show(name, sums([f]))
    passed = 0
    for under, kind, least in ASKED:
        of = sums([f for name, f in files.items() if name.startswith(under + "/")])
        reached = percent(*of[kind])
        passed += reached >= least
        print(f"{under}: {kind} {reached:.2f} %, at least {least:g} % are asked for: "
              f"{'ok' if reached >= least else 'TOO FEW'}")
    print(f"{passed} passed, {len(ASKED) - passed} failed")
    return 0 if passed == len(ASKED) else 1


sys.exit(main())
