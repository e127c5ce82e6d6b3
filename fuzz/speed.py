#!/usr/bin/env python3
"""How fast the harnesses are: seeds a second of one core, as the fuzz preset builds them.

    fuzz/speed.py BUILD            fails when one does under half of what targets.tsv says
    fuzz/speed.py --record BUILD   writes what they do now into targets.tsv

A harness that slows down finds less, and nobody would notice. CPU time is
measured, next to a fixed loop in the same process and moment: a slow or busy
machine slows both. A harness that seems slow is measured twice more, and the
best counts.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = HERE / "targets.tsv"
SECONDS, TRIES, LEAST = 0.4, 3, 0.5


def rows():
    """(target, max_len, speed) and the calibration."""
    calibration, found = 0, []
    for line in TARGETS.read_text(encoding="utf-8").splitlines():
        if line.startswith("# calibration"):
            calibration = float(line.split("\t")[1])
        elif line and not line.startswith("#"):
            target, max_len, speed = line.split("\t")
            found.append((target, max_len, float(speed)))
    return found, calibration


def measure(build, target):
    seeds = HERE.parent / "corpus" / "seeds" / target
    said = subprocess.run([build / "fuzz" / f"speed_{target}", "--speed", str(SECONDS), seeds],
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    calibration, speed = map(float, said.split())
    return calibration, speed


def check(build):
    slow = 0
    found, reference = rows()
    for target, _, baseline in found:
        best = 0
        for _ in range(TRIES):
            calibration, speed = measure(build, target)
            best = max(best, speed * reference / calibration)
            if best >= baseline * LEAST:
                break
        slow += best < baseline * LEAST
        print(f"{target:<12} {best:9.0f}/s of {baseline:9.0f}/s{'' if best >= baseline * LEAST else '  TOO SLOW'}")
    print(f"{len(found) - slow} passed, {slow} failed")
    return 1 if slow else 0


def record(build):
    found, _ = rows()
    measured = {target: measure(build, target) for target, _, _ in found}
    reference = sorted(calibration for calibration, _ in measured.values())[len(measured) // 2]
    lines = [line for line in TARGETS.read_text(encoding="utf-8").splitlines() if line.startswith("# ")]
    lines = [line for line in lines if not line.startswith("# calibration")]
    lines.append(f"# calibration\t{reference:.0f}")
    for target, max_len, _ in found:
        calibration, speed = measured[target]
        lines.append(f"{target}\t{max_len}\t{speed * reference / calibration:.0f}")
    TARGETS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def main():
    arguments = sys.argv[1:]
    recording = arguments[:1] == ["--record"]
    build = Path(arguments[-1]).resolve() if len(arguments) == 1 + recording else sys.exit(__doc__)
    return record(build) if recording else check(build)


if __name__ == "__main__":
    sys.exit(main())
