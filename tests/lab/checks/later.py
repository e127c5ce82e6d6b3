"""diff: what changed between the two dumps of a guest that went on, against what it told before and after.

All processes but the witness slept in both, but for `later`, which changed what it has once (workload/later.c).
"""

import json
import re

from checking import Skip, to_bytes, to_int
from checks.memory import ANON, BUDDY, DIRTY, HUGE, LRU, MOVING, PGTABLE, SLAB, numbers
from checks.tasks import TICKS, stat
from checks.translate import FRAME, PRESENT, SWAPPED, SWAP_OFFSET, pagemap

LATER = "memory-later.elf"


class Told:
    """What the guest said at one of the two times."""

    def __init__(self, guest, directory):
        self.page_size = guest.page_size
        self.directory = guest.directory / directory
        self.witness = int(self.truth("lab/witness_pid"))
        self.pids = [int(path.name) for path in (self.directory / "proc").iterdir()
                     if path.name.isdigit() and int(path.name) != self.witness]

    def truth(self, path):
        try:
            return (self.directory / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def threads(self):
        """(pid, start in ticks) to the name, of user threads."""
        found = {}
        for pid in self.pids:
            for path in (self.directory / f"proc/{pid}/task").iterdir():
                fields = stat((path / "stat").read_bytes())
                if not int(fields[9]) & 0x200000:
                    found[int(path.name), int(fields[22])] = fields[2]
        return found

    def areas(self):
        """(tgid, first address) to what else a line of maps says; the name, as kernlens may say it otherwise, is
        left to the check `places`."""
        found = {}
        for pid in self.pids:
            for line in (self.truth(f"proc/{pid}/maps") or b"").decode(errors="replace").splitlines():
                start, end, permissions, offset, _, inode = re.match(
                    r"(\w+)-(\w+) (\S{4}) (\w+) (\S+) +(\d+)", line).groups()
                inode = int(inode)
                found[pid, int(start, 16)] = (int(end, 16), permissions, int(offset, 16) if inode else None,
                                              inode or None)
        return found

    def pages(self):
        """(tgid, address) to the frame, or to swap type and offset."""
        found = {}
        for pid in self.pids:
            for address, entry in pagemap(self, pid).items():
                found[pid, address] = ((entry & FRAME, None, None) if entry & PRESENT
                                       else (None, entry & 31, entry >> 5 & SWAP_OFFSET))
        return found


def changes(before, now):
    """What diff should print: (change, key, value)."""
    found = {("removed", key, before[key]) for key in before.keys() - now.keys()}
    found |= {("added", key, now[key]) for key in now.keys() - before.keys()}
    for key in before.keys() & now.keys():
        if before[key] != now[key]:
            found |= {("was", key, before[key]), ("is", key, now[key])}
    return found


def diff(guest, table, *constraints, columns):
    out, status, error = guest.run("diff", guest.dump, guest.directory / LATER, table, *constraints,
                                   "--format", "ndjson", "--columns", columns, "--quiet")
    if status != 0:
        raise RuntimeError(f"kernlens diff {table} exits {status}: {error.strip()}")
    return [json.loads(line) for line in out.splitlines()]


def compare(report, what, got, wanted, at_least):
    """All changes of one side only are told, by example; wanted must be worth the name."""
    report.true(len(wanted) >= at_least, f"{what}: the guest tells of {len(wanted)} changes only")
    report.equal(sorted(map(repr, got - wanted))[:6], [], f"{what}: {len(got - wanted)} changes that are none")
    report.equal(sorted(map(repr, wanted - got))[:6], [], f"{what}: {len(wanted - got)} changes not found")


def check_tasks(guest, report, before, now):
    wanted = changes(before.threads(), now.threads())
    names = {(change, name) for change, _, name in wanted}
    report.equal(names, {("removed", b"later-ends"), ("added", b"later-starts"), ("was", b"later-renames"),
                         ("is", b"later-renamed")}, "threads that changed")
    got = {(row["change"], (row["pid"], row["start_time_ns"] // (10 ** 9 // TICKS)), to_bytes(row["comm"]))
           for row in diff(guest, "tasks", "kind=user", columns="comm")}
    compare(report, "tasks", got, wanted, 4)


def check_areas(guest, report, before, now):
    got = {(row["change"], (row["tgid"], to_int(row["start"])),
            (to_int(row["end"]), row["permissions"], row["file_offset"], row["inode"]))
           for row in diff(guest, "vmas", columns="end,permissions,file_offset,inode")
           if row["tgid"] != before.witness}
    compare(report, "vmas", got, changes(before.areas(), now.areas()), 20)


def check_mappings(guest, report, before, now):
    """Every page of every process that came, went, or is in another frame."""
    got = {(row["change"], (row["tgid"], to_int(row["address"])), (row["pfn"], row["swap_type"], row["swap_offset"]))
           for row in diff(guest, "mappings", columns="pfn,swap_type,swap_offset") if row["tgid"] != before.witness}
    compare(report, "mappings", got, changes(before.pages(), now.pages()), 200)


def check_permissions(guest, report, facts):
    """Of the areas of `later` the one that was made read-only is so in the page tables, page by page; no other is."""
    areas = {fact["area"]: fact for fact in facts if fact["fact"] == "area"}
    area = areas["writable"]
    wanted = {(change, to_int(area["address"]) + at, permissions) for at in range(0, area["bytes"], guest.page_size)
              for change, permissions in (("was", "rw"), ("is", "r"))}
    got = {(row["change"], to_int(row["address"]), row["permissions"].replace("-", ""))
           for row in diff(guest, "mappings", f"tgid={area['pid']}", columns="permissions")
           if row["change"] in ("was", "is") and
           any(0 <= to_int(row["address"]) - to_int(area["address"]) < area["bytes"] for area in areas.values())}
    compare(report, "permissions", got, wanted, 2)


def check_page_cache(guest, report, facts, before, now):
    """Files whose cached part the guest told: those of `later` changed, page by page, all others did not."""
    flags = {"removed": numbers(before.truth("proc/kpageflags")), "added": numbers(now.truth("proc/kpageflags"))}
    flags["was"], flags["is"] = flags["removed"], flags["added"]
    files = {(fact["device"], fact["inode"]): fact["path"] for fact in facts if fact["fact"] == "file"}
    others = {line.rpartition(b"/")[0] for line in before.truth("workload/cached.txt").splitlines()
              if b"later" not in line}
    got, dirtied = set(), {}
    for row in diff(guest, "page_cache", columns="pfn,dirty,path"):
        path = files.get((row["device"], row["inode"]))
        if path is None:
            place = (to_bytes(row["path"]) or b"").rpartition(b"/")[0]
            report.true(place not in others, f"page cache: {row}, but nobody touched it")
            continue
        report.equal(row["dirty"], bool(flags[row["change"]][row["pfn"]] >> DIRTY & 1), f"{row} is dirty")
        if row["change"] in ("added", "removed"):
            got.add((row["change"], path, row["file_offset"] // guest.page_size))
        else:
            dirtied.setdefault(path, []).append((row["change"], row["file_offset"], row["dirty"]))
    wanted = set()
    for path in files.values():
        was, is_now = before.truth("mincore" + path), now.truth("mincore" + path)
        for page in range(max(len(was), len(is_now))):
            change = was[page:page + 1] == b"\1", is_now[page:page + 1] == b"\1"
            if change[0] != change[1]:
                wanted.add(("removed" if change[0] else "added", path, page))
    report.equal({path.rpartition("/")[2] for _, path, _ in wanted}, {"read", "dropped", "later"},
                 "files of which more or less is cached")
    compare(report, "page cache", got, wanted, 13)
    report.equal(dirtied, {"/mnt/ext4/later/dirtied": [("was", 65536, False), ("is", 65536, True)]},
                 "pages that were written to")


def check_pages(guest, report, before, now):
    """Frames of another kind than before. What a sleeping process keeps has the kind it had; what it got is anonymous;
    of all others what /proc/kpageflags tells must have changed, too, or be of the kinds that never rest."""
    flags = [numbers(told.truth("proc/kpageflags")) for told in (before, now)]
    was_mapped, is_mapped = (({page[0] for page in told.pages().values() if page[0] is not None})
                             for told in (before, now))
    was, is_now = {}, {}
    for row in diff(guest, "pages", columns="kind"):
        report.true(row["change"] in ("was", "is"), f"frame {row['pfn']}: {row['change']}, but RAM stays what it is")
        (was if row["change"] == "was" else is_now)[row["pfn"]] = row["kind"]
    kept = was_mapped & is_mapped
    report.true(len(kept) > 1000, f"only {len(kept)} frames stayed mapped")
    report.equal(sorted(kept & was.keys())[:6], [], "frames that stayed mapped, and are of another kind")
    new = {pfn for pfn in is_mapped - was_mapped if flags[1][pfn] >> ANON & 1 and not flags[0][pfn] >> ANON & 1}
    # Others it gave to who took the place of who ended.
    report.true(len(new) > 10, f"only {len(new)} frames became anonymous memory of a process")
    report.equal(sorted(pfn for pfn in new if is_now.get(pfn) != "anon")[:6], [], "such frames that were not told")
    kinds = sum(1 << bit for bit in (BUDDY, SLAB, PGTABLE, HUGE, ANON, LRU))
    moving = sum(1 << bit for bit in MOVING)
    changed = {pfn for pfn in range(len(flags[0])) if (flags[0][pfn] ^ flags[1][pfn]) & kinds}
    none = [pfn for pfn in was if pfn not in changed]
    report.true(len(none) <= len(flags[0]) // 100, f"{len(none)} frames of another kind whose flags stayed")
    missed = [pfn for pfn in changed - was.keys() if not (flags[0][pfn] | flags[1][pfn]) & moving]
    report.equal(missed[:6], [], f"{len(missed)} frames whose flags changed, and that were not told")


def check(guest, report):
    if not (guest.directory / LATER).exists() or guest.dump.name != "memory.elf":
        raise Skip("there is one dump of it")
    before, now = Told(guest, "truth"), Told(guest, "truth-later")
    facts = [json.loads(line) for line in now.truth("workload/later.jsonl").decode().splitlines()]
    check_tasks(guest, report, before, now)
    check_areas(guest, report, before, now)
    check_mappings(guest, report, before, now)
    check_permissions(guest, report, facts)
    check_page_cache(guest, report, facts, before, now)
    check_pages(guest, report, before, now)
