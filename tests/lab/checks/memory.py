"""Tables of memory: against kpageflags, kpagecount, vmallocinfo, meminfo, smaps and mincore."""

import re
import struct

from checking import to_bytes, to_int

# Bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h).
LOCKED, ERROR, REFERENCED, UPTODATE, DIRTY, LRU, ACTIVE, SLAB = range(8)
BUDDY, MMAP, ANON, SWAPCACHE, SWAPBACKED, HEAD, TAIL, HUGE, UNEVICTABLE = range(10, 19)
OFFLINE, ZERO, PGTABLE, RESERVED = 23, 24, 26, 32

# Which kinds a flag goes with.
KIND_OF = {BUDDY: {"free"}, SLAB: {"slab"}, PGTABLE: {"page_table"}, HUGE: {"hugetlb"}, ANON: {"anon", "hugetlb"},
           OFFLINE: {"offline"}, RESERVED: {"reserved", "kernel_image", "percpu"}}
# Which flag a kind must have.
FLAG_OF = {"slab": SLAB, "page_table": PGTABLE, "hugetlb": HUGE, "anon": ANON, "reserved": RESERVED,
           "kernel_image": RESERVED}
# The machine ran for 2 s between telling and stopping: per-CPU lists fill, slabs and page tables
# come and go, and so does what the witness itself uses. Which frame each page of a sleeping process
# is in, translate.py compares one by one.
MOVING = {BUDDY, SLAB, PGTABLE, ANON}


def numbers(data):
    return struct.unpack(f"<{len(data) // 8}Q", data)


def check_pages(guest, report):
    flags = numbers(guest.truth("proc/kpageflags"))
    counts = numbers(guest.truth("proc/kpagecount"))
    rows = guest.rows("pages", columns=["pfn", "kind", "mappings", "order"])
    wrong, moved, mapped = [], 0, []
    for row in rows:
        pfn, kind = row["pfn"], row["kind"]
        has = {bit for bit in (*KIND_OF, LRU, SWAPBACKED) if flags[pfn] >> bit & 1}
        if SLAB in has:  # what a slab keeps where others have mapping may look like anonymous memory
            has.discard(ANON)
        for bit in has & set(KIND_OF):
            if kind not in KIND_OF[bit]:
                if bit in MOVING:
                    moved += 1
                else:
                    wrong.append((pfn, kind, hex(flags[pfn])))
        if kind in FLAG_OF and FLAG_OF[kind] not in has:
            if FLAG_OF[kind] in MOVING:
                moved += 1
            else:
                wrong.append((pfn, kind, hex(flags[pfn])))
        # Tail pages of older kernels show few flags; those that show one tell file from shmem.
        if kind in ("file", "shmem") and LRU in has and (SWAPBACKED in has) != (kind == "shmem"):
            wrong.append((pfn, kind, hex(flags[pfn])))
        if row["mappings"] is not None and kind in ("anon", "file", "shmem") and row["mappings"] != counts[pfn]:
            mapped.append((pfn, kind, row["mappings"], counts[pfn]))
    report.true(len(rows) >= guest.facts["memory_bytes"] // guest.page_size * 0.98, f"only {len(rows)} frames")
    report.equal(wrong[:8], [], f"{len(wrong)} frames of another kind")
    report.equal(mapped[:8], [], f"{len(mapped)} frames with another count of mappings")
    report.true(moved <= len(rows) // 100, f"{moved} frames moved between telling and stopping")


AREA = re.compile(rb"0x([0-9a-f]+)-0x([0-9a-f]+)\s+(\d+) (\S+)(.*)")


def check_areas(guest, report):
    """Every line of /proc/vmallocinfo but those of areas that are given back already."""
    told = {}
    for line in guest.truth("proc/vmallocinfo").splitlines():
        start, end, _, caller, rest = AREA.match(line).groups()
        if caller == b"unpurged":
            continue
        module, pages = re.search(rb"\[(\w+)\]", rest), re.search(rb"pages=(\d+)", rest)
        phys = re.search(rb"phys=0x([0-9a-f]+)", rest)
        name = None if caller == b"vm_map_ram" else caller.rpartition(b"/")[0].decode()
        told[int(start, 16), int(end, 16)] = (f"[{module[1].decode()}]" if module else name,
                                              int(pages[1]) if pages else None, int(phys[1], 16) if phys else None)
    got = {(to_int(row["start"]), to_int(row["end"])): (row["caller"], row["pages"], to_int(row["physical"]))
           for row in guest.rows("vmalloc_areas")}
    report.true(len(told) >= 200, f"only {len(told)} areas")
    report.equal(sorted(set(got) ^ set(told))[:4], [], "areas of one side only")
    wrong = [(hex(key[0]), got[key], told[key]) for key in set(got) & set(told) if got[key] != told[key]]
    report.equal(wrong[:4], [], f"{len(wrong)} areas with another caller, pages or address")


def check_sums(guest, report):
    """Kinds that struct page does not tell, against /proc/meminfo."""
    meminfo = dict(re.findall(r"(\w+): +(\d+) kB", guest.truth("proc/meminfo").decode()))
    kinds = {row["kind"]: row["bytes"] // 1024 for row in guest.rows("memory_summary")}
    report.equal(kinds.get("kernel_stack"), int(meminfo["KernelStack"]), "stacks, KiB")
    # Kernels whose kallsyms leaves out variables do not tell where the first chunk is. Percpu counts
    # units, of which there may be more than CPUs.
    if guest.rows("symbols", "name=pcpu_base_addr"):
        cpus, told = guest.rows("kernel", columns=["cpus"])[0]["cpus"], int(meminfo["Percpu"])
        unit = kinds["percpu"] // cpus
        report.true(told % unit == 0 and cpus <= told // unit <= 2 * cpus,
                    f"{kinds['percpu']} KiB for {cpus} CPUs, the guest says {told}")
    # Cached counts pages of files, shared memory included, but not those of block devices (Buffers)
    # and of hugetlbfs. All of it is exact but for a few pages that moved after it was told.
    cached = {}
    for row in guest.rows("page_cache", columns=["fs_type"]):
        cached[row["fs_type"]] = cached.get(row["fs_type"], 0) + guest.page_size // 1024
    files = sum(kib for fs_type, kib in cached.items() if fs_type not in ("swap", "hugetlbfs", "bdev"))
    memory = sum(kib for fs_type, kib in cached.items() if fs_type in ("tmpfs", "devtmpfs", "rootfs"))
    for name, kib in (("Cached", files), ("Buffers", cached.get("bdev", 0)), ("Shmem", memory)):
        report.true(abs(kib - int(meminfo[name])) <= 8 * guest.page_size // 1024,
                    f"{kib} KiB in the page cache, the guest says {name} {meminfo[name]}")
    # VmallocUsed counts stacks, too; BPF programs and stacks come and go.
    vmalloc = kinds["vmalloc"] + kinds["kernel_stack"]
    report.true(abs(vmalloc - int(meminfo["VmallocUsed"])) <= int(meminfo["VmallocUsed"]) // 20,
                f"{vmalloc} KiB of vmalloc, the guest says {meminfo['VmallocUsed']}")


SMAPS = re.compile(rb"^(\w+): +(\d+) kB$", re.M)


def check_processes(guest, report):
    """Sums over /proc/PID/smaps. Pss is cut to KiB in each area."""
    rows = {row["tgid"]: row for row in guest.rows("process_memory")}
    witness = int(guest.truth("lab/witness_pid"))
    compared = 0
    for pid in (int(name) for name in guest.truth_names("proc") if name.isdigit()):
        smaps = guest.truth(f"proc/{pid}/smaps")
        if not smaps or pid == witness:
            continue
        sums, areas = {}, 0
        for name, kib in SMAPS.findall(smaps):
            sums[name.decode()] = sums.get(name.decode(), 0) + int(kib)
            areas += name == b"Size"
        row = rows.get(pid)
        report.true(row, f"process {pid} has no memory")
        if not row:
            continue
        compared += 1
        wanted = {"virtual": sums["Size"], "resident": sums["Rss"], "swapped": sums["Swap"],
                  "shared": sums["Shared_Clean"] + sums["Shared_Dirty"],
                  "private": sums["Private_Clean"] + sums["Private_Dirty"],
                  "hugetlb": sums["Shared_Hugetlb"] + sums["Private_Hugetlb"]}
        report.equal({name: row[f"{name}_bytes"] // 1024 for name in wanted}, wanted, f"memory of {pid}, KiB")
        report.true(0 <= row["proportional_bytes"] / 1024 - sums["Pss"] <= areas,
                    f"proportional size of {pid}: {row['proportional_bytes']}, the guest says {sums['Pss']} KiB")
    report.true(compared >= 40, f"only {compared} processes compared")


def check_swap_cache(guest, report):
    """Frames that the guest called swapcache. Older kernels set that bit for other uses of files' pages, too."""
    flags = numbers(guest.truth("proc/kpageflags"))
    got = {row["pfn"] for row in guest.rows("page_cache", "fs_type=swap", columns=["pfn"])}
    told = {pfn for pfn, bits in enumerate(flags) if bits >> SWAPCACHE & 1 and bits >> SWAPBACKED & 1}
    report.true(len(told) >= 10, f"only {len(told)} frames in the swap cache")
    report.equal(sorted(got ^ told)[:8], [], "frames of the swap cache of one side only")
    owned = {row["pfn"] for row in guest.rows("pages", "owner=swap", columns=["pfn"])}
    report.equal(owned, got, "frames that swap owns")


def check_files(guest, report):
    """What mincore said of each file whose cached part is known. A file may have several names."""
    paths = [line for line in (guest.truth("workload/cached.txt") or b"").splitlines() if line]
    inodes = {bytes.fromhex(fact["path_hex"]): fact["inode"] for fact in guest.workload("files")
              if fact["fact"] == "file"}
    mounted = {to_bytes(row["mount_point"]): row["device"] for row in guest.rows("superblocks")
               if row["mount_point"] and row["mount_point"].startswith("/mnt/")}
    cached = {}
    for row in guest.rows("page_cache", columns=["device", "inode", "file_offset", "uptodate"]):
        if row["uptodate"]:
            cached.setdefault((row["device"], row["inode"]), set()).add(row["file_offset"] // guest.page_size)
    compared = 0
    for path in paths:
        told = guest.truth("mincore" + path.decode())
        device = mounted.get(b"/".join(path.split(b"/")[:3]))
        if told is None or path not in inodes or device is None:
            continue
        compared += 1
        resident = [page for page, byte in enumerate(told) if byte & 1]
        # 5.10 reads ahead one page past the end of a file, of which mincore can't speak.
        got = sorted(page for page in cached.get((device, inodes[path]), set()) if page < len(told))
        report.equal(got, resident, f"cached pages of {path.decode()}")
    report.true(compared >= 20, f"only {compared} files compared")


def check(guest, report):
    check_pages(guest, report)
    check_areas(guest, report)
    check_sums(guest, report)
    check_processes(guest, report)
    check_swap_cache(guest, report)
    check_files(guest, report)
