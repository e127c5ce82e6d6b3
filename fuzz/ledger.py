#!/usr/bin/env python3
"""What fuzzing has done so far: the record, and its report.

    fuzz/ledger.py report                   the ledger as Markdown, from ledger.tsv and findings.tsv
    fuzz/ledger.py security                 the same, into SECURITY.md between its marks
    fuzz/ledger.py run TARGET LOG COMMAND...  runs libFuzzer, and adds what it did

ledger.tsv has a row a day and target: executions, seconds of one core, and the
most edges of the core that one run reached. findings.tsv has a row a defect
that was found and mended, with the input that shows it.
"""

import datetime
import re
import resource
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEDGER, FINDINGS, SECURITY = HERE / "ledger.tsv", HERE / "findings.tsv", HERE.parent / "SECURITY.md"
BEGIN, END = "<!-- ledger: fuzz/ledger.py security -->", "<!-- end of ledger -->"


def read(path):
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def add(target, executions, seconds, edges):
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    rows = {(r[0], r[1]): [int(r[2]), float(r[3]), int(r[4])] for r in read(LEDGER)}
    total = rows.setdefault((day, target), [0, 0, 0])
    total[0] += executions
    total[1] += seconds
    total[2] = max(total[2], edges)
    lines = ["# day\ttarget\texecutions\tcore seconds\tedges"]
    lines += [f"{day}\t{name}\t{n}\t{cpu:.0f}\t{most}" for (day, name), (n, cpu, most) in sorted(rows.items())]
    LEDGER.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(target, log, command):
    def spent():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    with open(log, "w", encoding="utf-8") as f:
        status = subprocess.run(command, stdout=f, stderr=subprocess.STDOUT, check=False).returncode
    said = Path(log).read_text(encoding="utf-8", errors="replace")
    done = re.search(r"stat::number_of_executed_units: (\d+)", said)
    edges = [int(n) for n in re.findall(r"cov: (\d+)", said)]
    if done:  # a run that broke tells nothing, and is not counted
        add(target, int(done.group(1)), spent() - before, max(edges, default=0))
    return status


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def report():
    rows = read(LEDGER)
    sums = {}
    for _, target, executions, seconds, edges in rows:
        total = sums.setdefault(target, [0, 0.0, 0])
        total[0] += int(executions)
        total[1] += float(seconds)
        total[2] = max(total[2], int(edges))
    shown = [(name, f"{n:,}", f"{cpu / 3600:.2f}", f"{n / max(cpu, 1):,.0f}", str(edges))
             for name, (n, cpu, edges) in sorted(sums.items())]
    shown.append(("all", f"{sum(t[0] for t in sums.values()):,}", f"{sum(t[1] for t in sums.values()) / 3600:.2f}",
                  "", ""))
    days = sorted({row[0] for row in rows})
    lines = [f"From {days[0]} to {days[-1]}." if days else "Nothing yet.", ""]
    lines += table(("harness", "executions", "core hours", "a second", "edges"), shown)
    lines += ["", "Found and mended:", ""]
    lines += table(("day", "by", "what", "replayed from"),
                   [(day, by, what, f"`{where}`") for day, by, what, where in read(FINDINGS)])
    return "\n".join(lines) + "\n"


def security():
    text = SECURITY.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    SECURITY.write_text(f"{head}{BEGIN}\n\n{report()}\n{END}{tail}", encoding="utf-8")


def main():
    match sys.argv[1:]:
        case ["report"]:
            print(report(), end="")
        case ["security"]:
            security()
        case ["run", target, log, *command]:
            return run(target, log, command)
        case _:
            sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
