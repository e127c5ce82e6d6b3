"""Checks a capture against itself: what the guest told must be what its memory holds.

Nothing here knows kernel structures. It trusts the page frames that the guest's pagemap named,
and so finds captures in which something moved between telling and stopping.
"""

import json
import struct

BLOCK = 4096
PRESENT = 1 << 63
FRAME = (1 << 55) - 1


def fill_block(name, index):
    """The counterpart of fill_block() in workload.h."""
    line = f"{name}:{index}\n".encode()
    return (line * (BLOCK // len(line) + 1))[:BLOCK]


def facts(directory, workload):
    """The facts a part of the workload stated, as dicts."""
    path = directory / "truth/workload" / f"{workload}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def pagemap(directory, pid):
    """Virtual page address to pagemap entry, for pages that have one."""
    page = json.loads((directory / "guest.json").read_text())["page_size"]
    data = (directory / f"truth/proc/{pid}/pagemap").read_bytes()
    entries, at = {}, 0
    while at < len(data):
        start, count = struct.unpack_from("<QQ", data, at)
        values = struct.unpack_from(f"<{count}Q", data, at + 16)
        entries.update((start + index * page, value) for index, value in enumerate(values))
        at += 16 + 8 * count
    return entries


class Memory:
    """Guest physical memory, by way of memory.raw."""

    def __init__(self, directory):
        self._ram = json.loads((directory / "guest.json").read_text())["ram"]
        self._file = open(directory / "memory.raw", "rb")

    def read(self, address, size):
        for ram in self._ram:
            if ram["start"] <= address < ram["start"] + ram["bytes"]:
                self._file.seek(address - ram["start"] + ram["file_offset"])
                return self._file.read(size)
        raise ValueError(f"no RAM at 0x{address:x}")


def _check_areas(directory, workload):
    """Pages compared, and complaints."""
    memory = Memory(directory)
    page = json.loads((directory / "guest.json").read_text())["page_size"]
    maps, compared, complaints = {}, 0, []
    for area in facts(directory, workload):
        if area["fact"] != "area" or not area["filled"]:
            continue
        entries = maps.setdefault(area["pid"], pagemap(directory, area["pid"]))
        start = int(area["address"], 16)
        for offset in range(0, area["bytes"], BLOCK):
            address = start + offset
            entry = entries.get(address & -page, 0)
            if not entry & PRESENT:
                continue
            found = memory.read((entry & FRAME) * page + address % page, BLOCK)
            if "holes" in area["area"] and not any(found):
                continue
            compared += 1
            if found != fill_block(area["filled"], area.get("first_block", 0) + offset // BLOCK):
                complaints.append(f"{area['area']} of {area['pid']}: 0x{address:x} holds other bytes")
    return compared, complaints


def _check_elf(directory):
    """The ELF core's ranges against memory.raw."""
    memory = Memory(directory)
    complaints, part = [], 1 << 24
    ram = json.loads((directory / "guest.json").read_text())["ram"]
    with open(directory / "memory.elf", "rb") as file:
        header = file.read(64)
        phoff, = struct.unpack_from("<Q", header, 32)
        entry_bytes, count = struct.unpack_from("<HH", header, 54)
        file.seek(phoff)
        table = file.read(entry_bytes * count)
        seen = 0
        for index in range(count):
            kind, _, offset, _, start, size, _, _ = struct.unpack_from(
                "<IIQQQQQQ", table, index * entry_bytes)
            # Besides RAM there may be the firmware's ROM.
            if kind != 1 or not any(r["start"] <= start < r["start"] + r["bytes"] for r in ram):
                continue
            for at in range(0, size, part):
                length = min(part, size - at)
                file.seek(offset + at)
                if file.read(length) != memory.read(start + at, length):
                    complaints.append(f"memory.elf and memory.raw differ near 0x{start + at:x}")
            seen += size
    if seen != sum(range_["bytes"] for range_ in ram):
        complaints.append(f"memory.elf has 0x{seen:x} bytes of RAM")
    return complaints


def check(directory):
    """Complaints, none if all is well."""
    complaints = _check_elf(directory)
    for workload in ("memory", "swapped"):
        compared, more = _check_areas(directory, workload)
        if not compared:
            more.append(f"{workload}: no page to compare")
        complaints += more
    for fact in facts(directory, "states"):
        stat = (directory / f"truth/proc/{fact['pid']}/stat").read_text()
        if stat.rpartition(")")[2].split()[0] != fact["state"]:
            complaints.append(f"process {fact['pid']} is not {fact['state']}")
    kallsyms = (directory / "truth/proc/kallsyms").read_text().splitlines()
    start = [int(line.split()[0], 16) for line in kallsyms if line.endswith(" _stext")]
    if not start or not start[0]:
        complaints.append("kallsyms has no address for _stext")
    return complaints
