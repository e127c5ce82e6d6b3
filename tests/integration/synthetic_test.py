#!/usr/bin/env python3
"""Builds synthetic guests of every kind and compares what kernlens says of them with what was built.

synthetic_test.py GENERATE KERNLENS [SEEDS [FIRST [STRIDE]]]

STRIDE 3 takes every third guest of the plan.
"""
import json
import os
import subprocess
import sys
import tempfile

# Guests that were once told wrongly.
KNOWN = [
    # Three levels whose blocks can be read as four: init_task by name alone was believed.
    "--seed 5196 --arch arm64-39 --era 3 --container raw --no-vmcoreinfo",
    # The direct map's tables lie above a hole, of which raw memory says nothing: taken to have none.
    "--seed 1 --arch x86_64 --container raw --hole",
    "--seed 2 --arch x86_64-la57 --era 3 --container raw --hole",
]

# What tells the rows of a table apart: the first column, where nothing is said here. Without
# any, the order of rows is part of the answer.
KEYS = {
    "symbols": [],
    "log": ["sequence"],
    "vmas": ["tgid", "start"],
    "mappings": ["tgid", "address"],
    "open_files": ["tgid", "fd"],
    "environment": ["tgid", "name"],
    "bpf_entries": ["map_id", "key", "cpu", "value"],
    "bpf_ring_records": ["map_id", "position"],
}

# Tables of which only the rows that are named in the truth are known.
PARTIAL = {"memory_summary": "kind"}


def kinds(generate):
    """What `generate --list` offers: {"arch": [...], ...}."""
    found = {}
    for line in subprocess.run([generate, "--list"], check=True, capture_output=True, text=True).stdout.splitlines():
        what, name = line.split()
        found.setdefault(what, []).append(name)
    return found


def plan(offered, seeds, first):
    """Every architecture in every era, the rest in turn, so that all pairs come up over the seeds."""
    containers = [name for name in offered["container"] if name != "script"]
    turn = first * 7
    for seed in range(first, first + seeds):
        for arch in offered["arch"]:
            for era in offered["era"]:
                turn += 1
                options = ["--seed", str(seed * 1000 + turn), "--arch", arch, "--era", era,
                           "--container", containers[turn % len(containers)],
                           "--machine", "demo" if turn % 5 == 0 else "tiny"]
                if turn % 3 == 0:
                    options += ["--kallsyms", offered["kallsyms"][turn // 3 % len(offered["kallsyms"])]]
                if turn % 7 == 0:
                    options.append("--no-vmcoreinfo")
                if arch == "x86_64" and turn % 2:
                    yield [*options, "--uniprocessor"]
                yield options


def differences(expected, said, keys):
    """Lines that say how the rows of one table differ, in the columns that were expected."""
    name = lambda row: [(row.get(key) is None, row.get(key)) for key in keys]
    if keys:
        expected, said = sorted(expected, key=name), sorted(said, key=name)
    if len(expected) != len(said):
        yield f"{len(expected)} rows expected, {len(said)} found"
    for want, got in zip(expected, said):
        for column, value in want.items():
            if got.get(column) != value:
                row = " ".join(str(want.get(key)) for key in keys or ["name"])
                yield f"{row}: {column}: expected {value!r}, found {got.get(column)!r}"


def check(generate, kernlens, options, folder):
    dump, truth = os.path.join(folder, "dump"), os.path.join(folder, "truth")
    subprocess.run([generate, *options, "-o", dump, "--truth", truth], check=True)
    with open(truth, encoding="utf-8") as f:
        expected = json.load(f)
    for table, rows in expected.items():
        ran = subprocess.run([kernlens, table, dump, "--format", "json", "--quiet"], capture_output=True, timeout=120)
        if ran.returncode not in (0, 4):
            yield f"{table}: exit {ran.returncode}: {ran.stderr.decode(errors='replace').strip()}"
            return
        said = json.loads(ran.stdout)
        keys = KEYS.get(table, [next(iter(rows[0]))] if rows else [])
        if table in PARTIAL:
            known = {row[PARTIAL[table]] for row in rows}
            said = [row for row in said if row[PARTIAL[table]] in known]
        yield from (f"{table}: {line}" for line in differences(rows, said, keys))
    yield from (f"symbols by address: {line}" for line in check_addresses(kernlens, dump, expected["symbols"]))


def check_addresses(kernlens, dump, symbols):
    """Symbols are found by address as well: the one that most share, and a range."""
    at = [int(row["address"], 16) for row in symbols]
    crowd, middle = max(at, key=at.count), sorted(at)[len(at) // 2]
    for low, high in ((crowd, crowd), (middle, middle + 512), (middle + 1, middle)):
        limits = [f"address={low:#x}"] if low == high else [f"address>={low:#x}", f"address<={high:#x}"]
        ran = subprocess.run([kernlens, "symbols", dump, *limits, "--format", "json", "--quiet"],
                             capture_output=True, timeout=120)
        said = sorted((row["address"], row["name"]) for row in json.loads(ran.stdout or "[]"))
        wanted = sorted((row["address"], row["name"]) for row in symbols if low <= int(row["address"], 16) <= high)
        if said != wanted:
            yield f"{' '.join(limits)}: expected {wanted}, found {said}"


def says(kernlens, table, dump):
    ran = subprocess.run([kernlens, table, dump, "--format", "json", "--quiet"], capture_output=True, timeout=120)
    return json.loads(ran.stdout) if ran.returncode in (0, 4) else []


def without_names(dump, to):
    """The same memory without the text of its VMCOREINFO and without the tokens of its symbol table."""
    with open(dump, "rb") as f:
        memory = f.read()
    for text in (b"OSRELEASE=", b"".join(b"%d\0" % digit for digit in range(10))):
        memory = memory.replace(text, bytes(len(text)))
    with open(to, "wb") as f:
        f.write(memory)


def check_damaged_btf(generate, kernlens, options, folder):
    """Types that are damaged come first in memory: the whole ones are taken, and which and why is said."""
    dump, truth, bare = (os.path.join(folder, name) for name in ("dump", "truth", "bare"))
    subprocess.run([generate, *options, "-o", dump, "--truth", truth], check=True)
    with open(truth, encoding="utf-8") as f:
        [expected] = json.load(f)["kernel"]
    without_names(dump, bare)
    for file, by, damaged in ((dump, "BTF: __start_BTF", 0), (bare, "BTF: a whole copy in ", 1)):
        [kernel] = says(kernlens, "kernel", file) or [{}]
        for column in ("btf_phys", "btf_bytes", "image_phys", "release"):
            if kernel.get(column) != expected[column]:
                yield f"{file}: kernel: {column}: expected {expected[column]!r}, found {kernel.get(column)!r}"
        if by not in kernel.get("found_by", ""):
            yield f"{file}: found by {kernel.get('found_by')}"
        told = [row for row in says(kernlens, "diagnostics", file) if row["what"] == "a damaged copy of BTF"]
        if len(told) != damaged or any(int(row["object"], 16) >= int(expected["btf_phys"], 16) for row in told):
            yield f"{file}: of damaged copies it says {told}"


def main():
    generate, kernlens = sys.argv[1:3]
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    stride = int(sys.argv[5]) if len(sys.argv) > 5 else 1
    failed = total = 0
    with tempfile.TemporaryDirectory() as folder:
        known = [line.split() for line in KNOWN]
        guests = [(check, options) for options in [*known, *list(plan(kinds(generate), seeds, first))[::stride]]]
        guests += [(check_damaged_btf, ["--damaged-btf", "--container", "raw", "--arch", arch, "--era", era])
                   for arch, era in (("x86_64", "0"), ("arm64", "3"))]
        for how, options in guests:
            total += 1
            lines = list(how(generate, kernlens, options, folder))
            if lines:
                failed += 1
                print(f"generate {' '.join(options)}:")
                for line in lines[:8]:
                    print(f"  {line}")
                if len(lines) > 8:
                    print(f"  and {len(lines) - 8} more")
    print(f"{total - failed} of {total} guests are told as they were built")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
