"""translate, mappings: every present and swapped page of every process, against /proc/PID/pagemap."""

import json
import re
import struct

from checking import to_int

PRESENT, SWAPPED = 1 << 63, 1 << 62
FRAME, SWAP_OFFSET = (1 << 55) - 1, (1 << 50) - 1
SAMPLES = 6             # addresses a guest for which the command is asked


def pagemap(guest, pid):
    """Address to entry, for pages that have one."""
    data, entries, at = guest.truth(f"proc/{pid}/pagemap") or b"", {}, 0
    while at < len(data):
        start, count = struct.unpack_from("<QQ", data, at)
        values = struct.unpack_from(f"<{count}Q", data, at + 16)
        entries.update((start + index * guest.page_size, value) for index, value in enumerate(values))
        at += 16 + 8 * count
    return entries


def truth(guest):
    """By process; not the witness, which moved while it told."""
    witness = int(guest.truth("lab/witness_pid"))
    pids = [int(name) for name in guest.truth_names("proc") if re.fullmatch(r"\d+", name)]
    return {pid: pagemap(guest, pid) for pid in pids if pid != witness}


def check_command(guest, report, pages):
    """A few of each kind of entry, by `kernlens translate`."""
    kinds = {}
    for pid, entries in pages.items():
        for address, entry in entries.items():
            kinds.setdefault((bool(entry & PRESENT), bool(entry & SWAPPED)), []).append((pid, address, entry))
    for found in kinds.values():
        for pid, address, entry in found[::max(1, len(found) // SAMPLES)][:SAMPLES]:
            out, status, error = guest.run("translate", guest.dump, hex(address), "--pid", pid, "--format", "ndjson")
            report.true(status == 0, f"translate {pid} {address:#x}: {error}")
            row = json.loads(out)
            if entry & PRESENT:
                report.equal(to_int(row["physical"]) // guest.page_size, entry & FRAME, f"{pid} {address:#x} frame")
            elif entry & SWAPPED:
                report.equal((row["state"], row["swap_type"], row["swap_offset"]),
                             ("swap", entry & 31, entry >> 5 & SWAP_OFFSET), f"{pid} {address:#x} swap entry")


def mappings(guest):
    """(tgid, page address) to what kernlens says is there."""
    frames, swaps = {}, {}
    for row in guest.rows("mappings"):
        start, frame = to_int(row["address"]), row["pfn"]
        if frame is None:
            swaps[row["tgid"], start] = row["swap_type"], row["swap_offset"]
            continue
        for page in range(row["bytes"] // guest.page_size):
            frames[row["tgid"], start + page * guest.page_size] = frame + page
    return frames, swaps


def check_mappings(guest, report, pages):
    frames, swaps = mappings(guest)
    for pid, entries in pages.items():
        for address, entry in entries.items():
            if entry & PRESENT:
                report.equal(frames.get((pid, address)), entry & FRAME, f"{pid} {address:#x} frame")
            elif entry & SWAPPED:
                report.equal(swaps.get((pid, address)), (entry & 31, entry >> 5 & SWAP_OFFSET),
                             f"{pid} {address:#x} swap entry")


def check(guest, report):
    pages = truth(guest)
    check_command(guest, report, pages)
    if guest.has_table("mappings"):
        check_mappings(guest, report, pages)
