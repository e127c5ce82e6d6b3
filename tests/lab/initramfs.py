"""The guest's first file system: busybox, modules in load order, the workload, its init."""

import lzma
import os
import stat
import subprocess
from pathlib import Path

import bpf

WORKLOAD = Path(__file__).parent / "workload"

COMPILER = {"x86_64": "gcc", "aarch64": "aarch64-linux-gnu-gcc-12"}
# No -g: its paths would differ from checkout to checkout.
FLAGS = ("-std=gnu11", "-O2", "-static", "-pthread", "-Wall", "-Wextra", "-Werror")

# Loaded in every guest, as far as its kernel has them and has not built them in.
MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "ext4", "xfs", "btrfs", "overlay",
           "veth", "dummy", "zram", "nf_tables", "nfnetlink_hook")

DIRECTORIES = ("bin", "dev", "facts", "lib", "lib64", "mnt", "modules", "proc", "run", "settled", "sys",
               "tmp", "workload", "workload/bpf-objects")


def compile_workload(arch, out):
    """Builds every workload program into `out`."""
    programs = sorted(WORKLOAD.glob("*.c"))
    running = [(source, subprocess.Popen([COMPILER[arch], *FLAGS, "-o", out / source.stem, source]))
               for source in programs]
    for source, process in running:
        if process.wait():
            raise RuntimeError(f"cannot compile {source.name} for {arch}")
    return [out / source.stem for source in programs]


def _load_order(kernel, wanted):
    """Files of the wanted modules and what they need, in an order that loads; then the absent."""
    needs = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        file, _, dependencies = line.partition(":")
        needs[file] = dependencies.split()
    by_name = {Path(file).name.split(".")[0].replace("-", "_"): file for file in needs}
    builtin = {Path(line).stem.replace("-", "_")
               for line in (kernel.modules / "modules.builtin").read_text().splitlines()}
    order, absent = [], []
    for name in wanted:
        if name not in by_name:
            if name not in builtin:
                absent.append(name)
            continue
        # modules.dep lists what a module needs nearest first: load from the far end.
        for file in [*reversed(needs[by_name[name]]), by_name[name]]:
            if file not in order:
                order.append(file)
    return order, absent


class Archive:
    """A cpio archive in the newc format, in memory."""

    def __init__(self):
        self._bytes = bytearray()
        self._inode = 0

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self._inode += 1
        encoded = os.fsencode(name) + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        self._bytes += b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (encoded, data):
            self._bytes += part
            self._bytes += bytes(-len(self._bytes) % 4)

    def directory(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def character_device(self, name, major, minor):
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self._bytes)


def build(guest, kernel, busybox, scratch):
    """The archive, and the names of wanted modules that this kernel does not have."""
    archive = Archive()
    for directory in DIRECTORIES:
        archive.directory(directory)
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", busybox.read_bytes(), 0o755)
    archive.link("bin/sh", "busybox")

    order, absent = _load_order(kernel, (*MODULES, *guest.modules))
    for position, file in enumerate(order):
        data = (kernel.modules / file).read_bytes()
        if file.endswith(".xz"):
            data = lzma.decompress(data)
        # The name sorts by load order.
        archive.file(f"modules/{position:03d}-{Path(file).name.split('.')[0]}.ko", data)

    for program in compile_workload(guest.arch, scratch):
        archive.file(f"workload/{program.name}", program.read_bytes(), 0o755)
    for path, file in (*bpf.compile_programs(guest.arch, scratch), *bpf.compile_objects(guest.arch, scratch),
                       *bpf.bpftool(guest.arch)):
        archive.file(path, file.read_bytes(), 0o755)
    archive.file("init", (WORKLOAD / "init").read_bytes(), 0o755)
    return archive.finish(), absent
