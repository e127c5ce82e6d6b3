"""Boots a guest, waits for its witness, stops it and keeps what there is."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import gdbstub
import qmp
import truth
from guests import MIB, ram_ranges

BOOT_SECONDS = 900
# Long enough for what the end of the truth set in motion (an interrupt, a timer) to come to rest.
SETTLE_SECONDS = 2

# Addresses that the guest tells must be the ones in memory: nothing may hash them.
COMMAND_LINE = "panic=-1 printk.devkmsg=on loglevel=4 no_hash_pointers"

MACHINE = {
    "x86_64": ("qemu-system-x86_64", "q35", "console=ttyS0"),
    "aarch64": ("qemu-system-aarch64", "virt", "console=ttyAMA0"),
}

# name in the guest, bytes, what makes the file system (None: the guest does)
DISKS = (
    ("ext4", 64 * MIB, ("mke2fs", "-q", "-t", "ext4", "-F")),
    ("xfs", 320 * MIB, ("mkfs.xfs", "-q", "-f")),
    ("btrfs", 128 * MIB, ("mkfs.btrfs", "-q", "-f")),
    ("swap", 64 * MIB, None),
)


def qemu_arguments(guest, where, sockets):
    """QEMU's command line; `where` holds the files, `sockets` the sockets."""
    program, machine, console = MACHINE[guest.arch]
    arguments = [
        program, "-machine", f"{machine},memory-backend=ram", "-accel", "tcg",
        "-cpu", guest.cpu, "-smp", "2", "-m", str(guest.memory_mib),
        "-object", f"memory-backend-file,id=ram,size={guest.memory_mib}M,share=on,"
                   f"mem-path={where}/memory.raw",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-serial", f"file:{where}/console.log",
        "-kernel", f"{where}/kernel", "-initrd", f"{where}/initramfs",
        "-append", f"{console} {COMMAND_LINE} {guest.command_line}".strip(),
        "-device", "virtio-serial-pci",
        "-chardev", f"file,id=truth,path={where}/truth.stream",
        "-device", "virtserialport,chardev=truth,name=lab.truth",
        "-chardev", f"socket,id=go-on,path={sockets}/go-on,server=on,wait=off",
        "-device", "virtserialport,chardev=go-on,name=lab.go-on",
        "-qmp", f"unix:{sockets}/qmp,server=on,wait=off",
        "-gdb", f"unix:{sockets}/gdb,server=on,wait=off",
    ]
    for name, _, _ in DISKS:
        arguments += ["-drive", f"if=none,id={name},format=raw,file={where}/{name}.disk",
                      "-device", f"virtio-blk-pci,drive={name},serial={name}"]
    return arguments + list(guest.devices)


def _make_disks(where):
    for name, size, make in DISKS:
        disk = where / f"{name}.disk"
        with open(disk, "wb") as file:
            file.truncate(size)
        if make:
            subprocess.run([*make, disk], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)


WRITE = re.compile(rb"^lab: write ([0-9a-f]+) ((?:[0-9a-f]{2})+)\r?\n", re.M)


def _write_as_asked(guest, where, done):
    """Writes into the guest's memory what its workload asks for on the console; returns how many it did.

    So come about in seconds what would take a guest years, as numbers that begin again."""
    asked = WRITE.findall((where / "console.log").read_bytes()) if (where / "console.log").exists() else []
    with open(where / "memory.raw", "r+b") as memory:
        for address, data in asked[done:]:
            address = int(address, 16)
            start, _, offset = next(ram for ram in ram_ranges(guest) if ram[0] <= address < ram[0] + ram[1])
            memory.seek(offset + address - start)
            memory.write(bytes.fromhex(data.decode()))
    return len(asked)


def _wait_for_witness(guest, process, where, told=0):
    """Until the truth's stream, of which `told` bytes are known, has all that the guest has to say."""
    started = time.monotonic()
    done = 0
    while not truth.complete(where / "truth.stream", told):
        # What it asks for comes while it boots.
        done = _write_as_asked(guest, where, done) if not told else 0
        if process.poll() is not None or time.monotonic() - started > BOOT_SECONDS:
            console = (where / "console.log").read_text(errors="replace")[-4000:]
            why = "ended" if process.poll() is not None else "took too long"
            raise RuntimeError(f"the guest {why}; its console ends with:\n{console}")
        time.sleep(0.2)
    return time.monotonic() - started


def _stop_and_dump(monitor, file):
    time.sleep(SETTLE_SECONDS)
    monitor.ask("stop")
    monitor.ask("dump-guest-memory", paging=False, protocol=f"file:{file}")


def _capture_later(guest, process, monitor, where, go_on):
    """Lets the machine go on as guests.py says, and dumps it again; memory.raw stays what it is."""
    told = truth.unpack(where / "truth.stream", where / "truth")
    # QEMU's own file goes on with the machine.
    subprocess.run(["cp", "--sparse=always", where / "memory.raw", where / "memory.stopped"], check=True)
    monitor.ask("cont")
    go_on.sendall(b"\n")
    _wait_for_witness(guest, process, where, told)
    _stop_and_dump(monitor, where / "memory-later.elf")
    truth.unpack(where / "truth.stream", where / "truth-later", told)
    return where / "memory.stopped"


def run(guest, kernel, initramfs, absent_modules, where):
    """Leaves a whole capture in the directory `where`."""
    sockets = Path(tempfile.mkdtemp(prefix="lab-"))    # a socket's path must be short
    shutil.copyfile(kernel.image, where / "kernel")
    (where / "initramfs").write_bytes(initramfs)
    _make_disks(where)
    arguments = qemu_arguments(guest, where, sockets)
    go_on = socket.socket(socket.AF_UNIX)
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    try:
        monitor = qmp.Monitor(sockets / "qmp", process)
        # The witness waits for a word only where somebody is at the other end.
        if guest.later:
            go_on.connect(str(sockets / "go-on"))
        boot_seconds = _wait_for_witness(guest, process, where)
        started = time.monotonic()
        _stop_and_dump(monitor, where / "memory.elf")
        debugger = gdbstub.Debugger(sockets / "gdb")
        cpus = debugger.registers()
        # Its view of the same registers, for readers.
        monitor_text = monitor.human("info registers -a")
        memory_map = monitor.human("info mtree -f")
        stopped = _capture_later(guest, process, monitor, where, go_on) if guest.later else None
        monitor.ask("quit")
        process.wait()
        debugger.close()
    finally:
        process.kill()
        process.wait()
        go_on.close()
        shutil.rmtree(sockets)

    if stopped:
        stopped.rename(where / "memory.raw")
    else:
        truth.unpack(where / "truth.stream", where / "truth")
    for name in ("memory.raw", "memory.elf", *(["memory-later.elf"] if guest.later else [])):
        subprocess.run(["fallocate", "--dig-holes", where / name], check=True)
    (where / "registers.json").write_text(json.dumps(
        {"cpus": cpus, "monitor": monitor_text}, indent=1) + "\n")
    (where / "guest.json").write_text(json.dumps({
        "name": guest.name,
        "arch": guest.arch,
        "release": kernel.release,
        "package_version": kernel.version,
        "page_size": int((where / "truth/lab/page_size").read_text()),
        "paging": guest.paging,
        "memory_bytes": guest.memory_mib * MIB,
        "ram": [{"start": start, "bytes": size, "file_offset": offset}
                for start, size, offset in ram_ranges(guest)],
        "qemu": [argument.replace(str(where), ".").replace(str(sockets), ".")
                 for argument in arguments],
        "absent_modules": absent_modules,
        "boot_seconds": round(boot_seconds, 1),
        "capture_seconds": round(time.monotonic() - started, 1),
        "memory_map": memory_map,
        "iomem": (where / "truth/proc/iomem").read_text(),
    }, indent=1) + "\n")
    for scrap in ("truth.stream", "initramfs", "kernel", *(f"{name}.disk" for name, _, _ in DISKS)):
        os.unlink(where / scrap)
