#!/usr/bin/env python3
"""How fast the harnesses are, in executions a second of one core, as the fuzz preset builds them.

    fuzz/speed.py BUILD [TARGET...]            fails when one does under half of what targets.tsv says
    fuzz/speed.py --record BUILD [TARGET...]   writes what they do now into targets.tsv

A harness that slows down finds less, and nobody would notice. What is checked is
how fast the seeds are replayed; what is recorded beside it is half a minute of
libFuzzer that starts with them, its own work and the new inputs it finds included.
CPU time is measured, next to a fixed loop in the same process or right around
it: a slow or busy machine slows both. A harness that seems slow is measured
twice more, and the best counts.
"""

import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGETS = HERE / "targets.tsv"
SEEDS = HERE.parent / "corpus" / "seeds"
SECONDS, TRIES, LEAST, FUZZED = 0.4, 3, 0.5, 30


def rows():
    """{target: [max_len, seeds a second, libFuzzer's executions a second]} and the calibration."""
    calibration, found = 0, {}
    for line in TARGETS.read_text(encoding="utf-8").splitlines():
        if line.startswith("# calibration"):
            calibration = float(line.split("\t")[1])
        elif line and not line.startswith("#"):
            target, *figures = line.split("\t")
            found[target] = [float(figure) for figure in figures]
    return found, calibration


def measure(build, target):
    said = subprocess.run([build / "fuzz" / f"speed_{target}", "--speed", str(SECONDS), SEEDS / target],
                          stdout=subprocess.PIPE, check=True, text=True).stdout
    calibration, speed = map(float, said.split())
    return calibration, speed


def fuzz(build, target, max_len):
    """Executions of libFuzzer a second of CPU time, and what the machine does meanwhile."""
    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    words = HERE / "dictionaries" / target
    with tempfile.TemporaryDirectory() as found:
        before, begun = measure(build, target)[0], spent()
        said = subprocess.run([build / "fuzz" / f"fuzz_{target}", f"-max_total_time={FUZZED}", f"-max_len={max_len:.0f}",
                               "-entropic=0", "-reload=0", "-print_final_stats=1", f"-artifact_prefix={found}/",
                               *([f"-dict={words}"] if words.exists() else []), found, SEEDS / target],
                              stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, check=True).stderr
        seconds = spent() - begun
        after = measure(build, target)[0]
    done = re.search(rb"stat::number_of_executed_units: (\d+)", said)
    return (before + after) / 2, int(done.group(1)) / seconds


def check(build, targets):
    slow = 0
    found, reference = rows()
    for target in targets or found:
        best, baseline = 0, found[target][1]
        for _ in range(TRIES):
            calibration, speed = measure(build, target)
            best = max(best, speed * reference / calibration)
            if best >= baseline * LEAST:
                break
        slow += best < baseline * LEAST
        print(f"{target:<12} {best:9.0f}/s of {baseline:9.0f}/s{'' if best >= baseline * LEAST else '  TOO SLOW'}")
    print(f"{len(targets or found) - slow} passed, {slow} failed")
    return 1 if slow else 0


def record(build, targets):
    """One by one: what was recorded before stays comparable, at the calibration that stands there."""
    found, reference = rows()
    for target in targets or found:
        figures = found[target]
        calibration, replayed = measure(build, target)
        fuzzing, executed = fuzz(build, target, figures[0])
        figures[1:] = [replayed * reference / calibration, executed * reference / fuzzing]
        print(f"{target:<12} {replayed:9.0f}/s replayed, {executed:9.0f}/s fuzzed; "
              f"calibration {calibration:.0f}, {fuzzing:.0f}", flush=True)
        lines = [line for line in TARGETS.read_text(encoding="utf-8").splitlines() if line.startswith("# ")]
        lines += ["\t".join([name, *(f"{figure:.0f}" for figure in of)]) for name, of in found.items()]
        TARGETS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def main():
    arguments = sys.argv[1:]
    recording = arguments[:1] == ["--record"]
    build, *targets = arguments[recording:] or sys.exit(__doc__)
    return (record if recording else check)(Path(build).resolve(), targets)


if __name__ == "__main__":
    sys.exit(main())
