"""Where captures live, when one is current, and how one is replaced without a reader noticing."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

STAMP = "stamp.json"


def root():
    """The cache's directory."""
    chosen = os.environ.get("KERNLENS_LAB")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kernlens" / "lab"


def path(guest):
    return root() / guest.name


def key(facts):
    """A short name for everything a capture depends on."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:20]


def stamp(guest):
    """What the present capture was made from, or {}."""
    try:
        return json.loads((path(guest) / STAMP).read_text())
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def locked(name):
    """One holder a name, machine-wide; the kernel lets go when the holder dies."""
    root().mkdir(parents=True, exist_ok=True)
    with open(root() / f".lock-{name}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def replacing(guest):
    """A directory to build in, which becomes the guest's if the body succeeds."""
    building = Path(tempfile.mkdtemp(prefix=f".building-{guest.name}-", dir=root()))
    try:
        yield building
        for item in [building, *building.rglob("*")]:
            if not item.is_symlink():
                item.chmod(0o755 if item.is_dir() else 0o644)
        target = path(guest)
        old = Path(tempfile.mkdtemp(prefix=f".old-{guest.name}-", dir=root()))
        if target.exists():
            target.rename(old / "capture")
        building.rename(target)
        shutil.rmtree(old)
    finally:
        shutil.rmtree(building, ignore_errors=True)
