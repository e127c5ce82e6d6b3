#!/usr/bin/env python3
"""Measures build/kernlens, and next to it in the same run the tools that can do the same.

    ./run bench [--write] [--runs N]

--write puts the figures into README.md. Every run is a new process; the dump is in the page cache,
as it is when one has just been made or copied. Medians; `first` is until the first row arrives at
the reader of the pipe. A peer that cannot open the dump is left out, and why is said.
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
KERNLENS = str(TOP / "build" / "kernlens")
WORK = TOP / "build" / "bench"
DRGN = WORK / "venv" / "bin" / "drgn"
VOLATILITY = WORK / "venv" / "bin" / "vol"
MARKS = ("<!-- figures: ./run bench --write -->\n", "<!-- end of figures -->\n")

sys.path.insert(0, str(TOP / "tests" / "lab"))
sys.dont_write_bytecode = True

import cache                            # noqa: E402
import million                          # noqa: E402
import wide                             # noqa: E402
from guests import BY_NAME              # noqa: E402
from packages import Suite              # noqa: E402

# crash of Debian 12 does not open a 6.12 kernel; drgn wants VMCOREINFO, which the 6.1 guest's core lacks.
WITH_DRGN, WITH_CRASH = "x86_64-6.12", "x86_64-6.1"


@dataclass
class Figure:
    first: float        # seconds
    total: float
    cpu: float
    peak: int           # bytes
    rows: int


def run_once(command, is_row, stdin):
    """One run of a command: what it took, told by the kernel when it ended."""
    started = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        if stdin:
            child.stdin.write(stdin)
        child.stdin.close()
        first, rows = None, 0
        for line in child.stdout:
            if is_row(line):
                first = first or time.monotonic() - started
                rows += 1
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    total = time.monotonic() - started
    return Figure(first or total, total, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, rows)


def measure(command, runs, is_row=lambda line: True, stdin=None):
    """Medians, after a run that warms the page cache; None if it prints no row."""
    figures = [run_once([str(word) for word in command], is_row, stdin) for _ in range(runs + 1)][1:]
    if not figures[0].rows:
        return None
    middle = {field: statistics.median(getattr(figure, field) for figure in figures)
              for field in Figure.__dataclass_fields__}
    return Figure(**middle)


def release(guest):
    return (cache.path(BY_NAME[guest]) / "truth/proc/version").read_text().split()[2]


def vmlinux(guest):
    """The guest's kernel with DWARF, from Debian's -dbg package."""
    suite = Suite(BY_NAME[guest].suite, BY_NAME[guest].arch)
    root = suite.package(f"linux-image-{release(guest)}-dbg")
    return root / f"usr/lib/debug/boot/vmlinux-{release(guest)}"


def install_peers():
    for program, package in ((DRGN, "drgn"), (VOLATILITY, "volatility3")):
        if not program.exists():
            subprocess.run(["/usr/bin/python3", "-m", "venv", WORK / "venv"], check=True)
            subprocess.run([WORK / "venv/bin/pip", "install", "--quiet", package], check=True)


def symbol_folder(guest):
    """Where volatility3 finds the kernel's types and symbols, in the form that it reads: made when there is none."""
    folder = WORK / f"isf-{release(guest)}"
    done = folder / "linux" / "kernel.json"
    if not done.exists():
        dump, kernel = cache.path(BY_NAME[guest]) / "memory.elf", vmlinux(guest)
        done.parent.mkdir(parents=True, exist_ok=True)
        names = {kind: subprocess.run([KERNLENS, "types", dump, "btf=vmlinux", f"kind={kind}", "--columns", "name",
                                       "--format", "csv", "--quiet"], check=True, capture_output=True, text=True)
                 .stdout.splitlines()[1:] for kind in ("struct", "union")}
        (folder / "structs").write_text("".join(f"{kind} {name}\n" for kind in names for name in names[kind] if name))
        symbols = subprocess.run(["nm", kernel], check=True, capture_output=True, text=True).stdout.splitlines()
        (folder / "symbols").write_text("".join(f"{line}\n" for line in symbols if len(line.split()) == 3))
        subprocess.run([DRGN, "-q", "-c", dump, "-s", kernel, HERE / "peers/isf.py", folder / "structs",
                        folder / "symbols", f"{done}.new"], check=True)
        os.rename(f"{done}.new", done)
    return folder


def version(*command):
    told = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return re.search(r"\d+(?:\.\d+)+", told.stdout + told.stderr)[0]


def kernlens(*words):
    return [KERNLENS, *words, "--quiet", "--format", "ndjson"]


def without_a_kernel():
    """512 MiB in which there is no kernel, and nothing to skip."""
    path = WORK / "noise.raw"
    if not path.exists():
        with open(path, "wb") as file:
            for _ in range(512):
                file.write(os.urandom(1 << 20))
    return path


def rows(runs):
    """(what, tool, figure) for each line of the table."""
    dump = cache.path(BY_NAME[WITH_DRGN]) / "memory.elf"
    raw = cache.path(BY_NAME[WITH_DRGN]) / "memory.raw"
    older = cache.path(BY_NAME[WITH_CRASH]) / "memory.elf"
    symbols = vmlinux(WITH_DRGN)
    install_peers()
    drgn = [DRGN, "-q", "-c", dump, "-s", symbols]
    drgn_name = f"drgn {version(DRGN, '--version')}, DWARF"
    crash_name = f"crash {version('crash', '--version')}, DWARF"

    what = f"threads, {release(WITH_DRGN)}, ELF core"
    yield what, "kernlens tasks", measure(kernlens("tasks", dump), runs)
    yield what, drgn_name, measure([*drgn, HERE / "peers/tasks.py"], runs)
    what = f"threads, {release(WITH_CRASH)}, ELF core"
    yield what, "kernlens tasks", measure(kernlens("tasks", older), runs)
    yield what, crash_name, measure(["crash", "-s", vmlinux(WITH_CRASH), older], min(runs, 3),
                                    lambda line: re.match(rb"[> ]\s+\d+ ", line), b"ps\nquit\n")
    what = f"page cache, {release(WITH_DRGN)}, ELF core"
    columns = ["--columns", "inode,file_offset,pfn"]
    yield what, "kernlens page_cache", measure([*kernlens("page_cache", dump), *columns], runs)
    yield what, drgn_name, measure([*drgn, HERE / "peers/page_cache.py"], runs)
    what = "files, and how many pages of each are cached, the same core"
    yield what, "kernlens inodes", measure(kernlens("inodes", dump), runs)
    yield what, f"volatility3 {version(VOLATILITY, '--help')}, DWARF", measure(
        [VOLATILITY, "-q", "-s", symbol_folder(WITH_DRGN), "-f", dump, "linux.pagecache.Files"], 1,
        lambda line: line.startswith(b"0x"))
    what = "what every frame is used for, the same core"
    yield what, "kernlens memory_summary", measure(kernlens("memory_summary", dump), runs)
    yield what, "kernlens pages", measure([*kernlens("pages", dump), "--columns", "pfn,kind,order"], runs)
    large = wide.dump(WITH_CRASH, WORK)
    what = "what every frame of 16 GiB is used for, raw file"
    for threads in (1, 2, 4, 8):
        if threads <= os.cpu_count():
            count = ["--threads", threads]
            yield what, f"kernlens memory_summary, threads: {threads}", measure(
                [*kernlens("memory_summary", large), *count], runs)
            yield what, f"kernlens pages, threads: {threads}", measure(
                [*kernlens("pages", large), "--columns", "pfn,kind,order", *count], min(runs, 3))
    elements = million.dump(WITH_DRGN, WORK)
    what = "a BPF hash of 1000000 elements, ELF core"
    yield what, "kernlens bpf_entries", measure([*kernlens("bpf_entries", elements, "map=million"), "--columns",
                                                 "key,value"], runs)
    # It has the rest of the map's elements a few minutes later.
    yield f"{what}: the first 50000", drgn_name, measure([DRGN, "-q", "-c", elements, "-s", symbols,
                                                          HERE / "peers/hash.py"], min(runs, 3))
    yield f"{what}: counted", "kernlens bpf_maps", measure([*kernlens("bpf_maps", elements, "name=million"),
                                                            "--columns", "entries"], runs)
    what = "find the kernel in raw memory"
    yield what, "kernlens kernel", measure(kernlens("kernel", raw), runs)
    noise = without_a_kernel()
    what = "512 MiB without a kernel: all is searched"
    yield what, "kernlens kernel", measure([KERNLENS, "kernel", noise], runs, stdin=None) or \
        measure(["sh", "-c", f"{KERNLENS} kernel {noise} 2>&1"], runs)
    yield what, "plain_read", measure([WORK / "tests/bench/plain_read", noise], runs)
    yield what, "cat", measure(["sh", "-c", f"cat {noise} | tail -c 1; echo"], runs)


def table(runs):
    lines = ["| what | with | rows | first ms | all ms | CPU ms | peak MiB |", "|---|---|--:|--:|--:|--:|--:|"]
    for what, tool, figure in rows(runs):
        if not figure:
            lines.append(f"| {what} | {tool} | does not open it | | | | |")
        else:
            lines.append(f"| {what} | {tool} | {figure.rows:.0f} | {figure.first * 1e3:.0f} | {figure.total * 1e3:.0f} "
                         f"| {figure.cpu * 1e3:.0f} | {figure.peak / (1 << 20):.0f} |")
        print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines) + "\n"


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    commit = subprocess.run(["git", "-C", TOP, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True)
    return (f"{cpu[1] if cpu else platform.processor()}, {os.cpu_count()} CPUs, "
            f"{int(memory[1]) / (1 << 20):.0f} GiB, Linux {platform.release()}, gcc {version('gcc', '--version')}, "
            f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip()}; load {os.getloadavg()[0]:.1f} at the start")


def btf_bench():
    """What the BTF benchmark says, where it is built."""
    program = WORK / "tests/bench/btf_bench"
    blob = cache.path(BY_NAME[WITH_DRGN]) / "truth/sys/kernel/btf/vmlinux"
    if not program.exists():
        return ""
    told = subprocess.run([program, blob], capture_output=True, text=True).stdout
    return "\nBTF of " + release(WITH_DRGN) + ":\n\n```\n" + told.replace(str(blob), "vmlinux") + "```\n"


def main():
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the figures into README.md")
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    text = f"{machine()}; medians of {arguments.runs} runs (crash: 3, volatility3: 1).\n\n"
    text += table(arguments.runs) + btf_bench()
    print(text)
    if arguments.write:
        readme = HERE / "README.md"
        before, rest = readme.read_text().split(MARKS[0])
        _, after = rest.split(MARKS[1])
        readme.write_text(before + MARKS[0] + text + MARKS[1] + after)


if __name__ == "__main__":
    main()
