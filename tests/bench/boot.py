"""Guests that only run.py has: one of the lab's kernels, and one program that is all of user space."""

import lzma
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import initramfs
import qmp
from guests import BY_NAME
from packages import Suite

BOOT_SECONDS = 300


def _initramfs(kernel, program):
    archive = initramfs.Archive()
    archive.directory("dev")
    archive.character_device("dev/console", 5, 1)
    archive.file("init", program.read_bytes(), 0o755)
    for module in kernel.modules.rglob("qemu_fw_cfg.ko*"):
        data = module.read_bytes()
        archive.file("fw_cfg.ko", lzma.decompress(data) if module.suffix == ".xz" else data)
    return archive.finish()


def capture(guest, source, memory_mib, take, options=()):
    """Boots the guest's kernel with a program, waits until it is ready, stops it and calls take(monitor)."""
    kernel = Suite(BY_NAME[guest].suite, BY_NAME[guest].arch).kernel(BY_NAME[guest].package)
    scratch = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        subprocess.run(["gcc", "-O2", "-static", "-o", scratch / "init", source], check=True)
        (scratch / "initramfs").write_bytes(_initramfs(kernel, scratch / "init"))
        process = subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "max,la57=off", "-m", str(memory_mib),
             "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-device", "vmcoreinfo",
             "-serial", f"file:{scratch}/console", "-kernel", kernel.image, "-initrd", scratch / "initramfs",
             "-append", "console=ttyS0 panic=-1 loglevel=4", "-qmp", f"unix:{scratch}/qmp,server=on,wait=off",
             *options], stdin=subprocess.DEVNULL)
        try:
            monitor = qmp.Monitor(scratch / "qmp", process)
            started = time.monotonic()
            while b"lab: ready" not in (scratch / "console").read_bytes():
                if process.poll() is not None or time.monotonic() - started > BOOT_SECONDS:
                    raise RuntimeError("the guest is not ready:\n"
                                       + (scratch / "console").read_text(errors="replace")[-2000:])
                time.sleep(0.2)
            time.sleep(1)
            monitor.ask("stop")
            take(monitor)
            monitor.ask("quit")
            process.wait()
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(scratch)
