"""The BPF part of the workload: programs that need libbpf, BPF objects, and Debian's bpftool.

Libraries come as Debian packages of the guest's architecture, unpacked next to the kernels, so that
both architectures are built alike.
"""

import subprocess
from pathlib import Path

from packages import Suite

SUITE = "bookworm"
SOURCES = Path(__file__).parent / "workload" / "bpf"
COMPILER = {"x86_64": "gcc", "aarch64": "aarch64-linux-gnu-gcc-12"}
TRIPLE = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
LOADER = {"x86_64": "lib64/ld-linux-x86-64.so.2", "aarch64": "lib/ld-linux-aarch64.so.1"}
# BPF_PROG() and its like do not depend on the machine here; asm/ headers are the host's.
BPF_FLAGS = ("-target", "bpf", "-O2", "-g", "-Wall", "-Werror", "-ffile-compilation-dir=.",
             "-idirafter", "/usr/include/x86_64-linux-gnu")
FLAGS = ("-std=gnu11", "-O2", "-static", "-Wall", "-Wextra", "-Werror")


def _package(arch, name):
    return Suite(SUITE, arch).package(name)


def _headers(arch):
    roots = (_package(arch, name) for name in ("libbpf-dev", "libelf-dev", "zlib1g-dev"))
    return [flag for root in roots for flag in
            (f"-I{root}/usr/include", f"-L{root}/usr/lib/{TRIPLE[arch]}")]


def compile_programs(arch, out):
    """Builds truth.c, and maps.c with its scenes; returns (path in the guest, file)."""
    made = []
    truth = SOURCES / "truth.c"
    scenes = sorted(file for file in SOURCES.glob("*.c") if file != truth and not file.name.endswith(".bpf.c"))
    for name, sources in (("maps", scenes), ("truth", [truth])):
        target = out / f"bpf-{name}"
        subprocess.run([COMPILER[arch], *FLAGS, *_headers(arch), "-o", target, *sources,
                        "-lbpf", "-lelf", "-lz"], check=True)
        made.append((f"workload/bpf-{name}", target))
    return made


def compile_objects(arch, out):
    """Builds the BPF objects; the source's path would be in the object, so it is a relative one."""
    made = []
    include = _headers(arch)[0]
    for source in sorted(SOURCES.glob("*.bpf.c")):
        target = out / f"{source.stem}.o"
        subprocess.run(["clang-14", *BPF_FLAGS, include, "-c", source.name, "-o", target],
                       cwd=SOURCES, check=True)
        made.append((f"workload/bpf-objects/{target.name}", target))
    return made


def bpftool(arch):
    """Debian's bpftool with the libraries it loads: (path in the guest, file)."""
    libraries = {"libelf1": "libelf.so.1", "zlib1g": "libz.so.1", "libcap2": "libcap.so.2",
                 "libc6": "libc.so.6"}
    files = [("bin/bpftool", _package(arch, "bpftool") / "usr/sbin/bpftool")]
    for package, name in libraries.items():
        file, = list(_package(arch, package).glob(f"usr/lib/{TRIPLE[arch]}/{name}"))
        files.append((f"lib/{name}", file.resolve()))
    loader, = list(_package(arch, "libc6").glob(f"usr/lib/{TRIPLE[arch]}/ld-linux-*.so.*"))
    files.append((LOADER[arch], loader.resolve()))
    return files
