#!/usr/bin/env python3
"""Compares our BTF with others' on the BTFs of all captured guests.

    btf.py libbpf PROGRAM       every type and member, as libbpf decodes it
    btf.py pahole PROGRAM       the layout of every struct and union, as pahole prints it
    btf.py compiler PROGRAM     every declaration compiles to the layout it was made from
    btf.py values PROGRAM       a value of every struct and union, as libbpf prints it

Exits with 77 when no guest was captured: nothing was compared.
"""

import collections
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pahole
import values

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lab"))
import cache  # noqa: E402

NOTHING_TO_COMPARE = 77


def guests():
    """(name, vmlinux, [modules]) of each capture."""
    for vmlinux in sorted(cache.root().glob("[!.]*/truth/sys/kernel/btf/vmlinux")):
        modules = sorted(str(p) for p in vmlinux.parent.iterdir() if p != vmlinux)
        yield vmlinux.parents[4].name, str(vmlinux), modules


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit {done.returncode}: {(done.stdout + done.stderr)[:2000]}")
    return done.stdout


def libbpf(program, vmlinux, modules):
    return output(program, vmlinux, *modules).strip()


def with_pahole(program, vmlinux, _modules):
    ours = collections.defaultdict(list)
    for name, layout in pahole.structs(output(program, vmlinux, "layout")):
        ours[name].append(layout)
    structs = members = 0
    wrong = []
    for name, layout in pahole.structs(output("pahole", vmlinux)):
        structs += 1
        members += sum(part[0] == "member" for part in layout)
        if layout not in ours[name]:
            wrong.append(name)
    if wrong or structs < 1000:
        raise RuntimeError(f"{structs} structs, {len(wrong)} differ: {' '.join(wrong[:20])}")
    return f"{structs} structs and unions, {members} members: no difference"


def compiler(program, vmlinux, _modules):
    with tempfile.TemporaryDirectory() as directory:
        told = output(program, vmlinux, "c", directory).strip()
        files = sorted(Path(directory).glob("*.c"))
        for file in files:
            binary = file.with_suffix("")
            # C11 without GNU's macros "unix" and "linux"; unnamed members of a named type as in Linux.
            output(os.environ.get("CC", "cc"), "-std=c11", "-fms-extensions", "-w", "-O0", str(file), "-o", str(binary))
            output(str(binary))
        return f"{told}, in {len(files)} files: all compile, and all is where it should be"


def with_values(program, vmlinux, _modules):
    structs = compared = given_up = 0
    wrong = []
    with subprocess.Popen([program, vmlinux], stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for name, our_lines, their_lines in values.structs(process.stdout):
            structs += 1
            our, their = list(values.ours(our_lines)), list(values.theirs(their_lines or []))
            if len(our) == len(their) and all(map(values.same, our, their)):
                compared += len(our)
            elif their_lines is None or not values.whole(their_lines):
                given_up += 1
            else:
                wrong.append(name)
    if process.returncode or wrong or structs < 1000 or given_up > structs // 20:
        raise RuntimeError(f"exit {process.returncode}: {structs} structs, libbpf gave {given_up} up, "
                           f"{len(wrong)} differ: {' '.join(wrong[:20])}")
    return f"{structs} structs and unions, {compared} values: no difference; libbpf gave {given_up} up"


def main():
    how = {"libbpf": libbpf, "pahole": with_pahole, "compiler": compiler, "values": with_values}[sys.argv[1]]
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [(name, pool.submit(how, sys.argv[2], vmlinux, modules)) for name, vmlinux, modules in guests()]
        for name, run in runs:
            try:
                print(f"{name}: {run.result()}")
            except RuntimeError as error:
                failed += 1
                print(f"{name}: {error}")
    if not runs:
        print("no guest is captured: ./run lab all")
        return NOTHING_TO_COMPARE
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
