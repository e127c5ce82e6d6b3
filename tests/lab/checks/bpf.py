"""BPF: maps, entries, programs, links, BTFs, ring records and arena pages, against bpf(2).

What the system call lists is in workload/bpf-*.jsonl and bpf-map-ID.bin (see workload/bpf/truth.c);
what it can't list, the program that wrote it stated as a fact in workload/bpf.jsonl.
"""

import json
from collections import Counter, defaultdict

from checking import Skip, to_bytes, to_int

# The call makes an empty list in the copy it gives, and so shows addresses of its own there: struct graph's head.
LIST_HEAD = slice(16, 32)
PER_CPU = {5, 6, 10, 21}
STACK_TRACE, BUILD_IDS = 7, 1 << 5


def round_up(number):
    return -(-number // 8) * 8


def truth_entries(guest, map_):
    """(key, cpu or None, value) of each entry that bpf(2) could give."""
    data = guest.truth(f"workload/bpf-map-{map_['id']}.bin") or b""     # what is empty is not told
    per_cpu = map_["type"] in PER_CPU
    stride = round_up(map_["value_bytes"])
    cpus = guest.workload("bpf")[0]["cpus"]
    value_bytes = stride * cpus if per_cpu else map_["value_bytes"]
    size = 1 + map_["key_bytes"] + value_bytes
    for at in range(0, len(data), size):
        if not data[at]:
            continue
        key = data[at + 1:at + 1 + map_["key_bytes"]]
        value = data[at + 1 + map_["key_bytes"]:at + size]
        if per_cpu:
            for cpu in range(cpus):
                yield key, cpu, value[cpu * stride:cpu * stride + map_["value_bytes"]]
        else:
            yield key, None, value


def entries(guest):
    """Rows of bpf_entries by map id; keys and values are bytes."""
    by_map = defaultdict(list)
    for row in guest.rows("bpf_entries", columns=["map_id", "key", "cpu", "value", "target"]):
        row["key"] = bytes.fromhex(row["key"]) if row["key"] is not None else b""
        row["value"] = bytes.fromhex(row["value"]) if row["value"] is not None else None
        by_map[row["map_id"]].append(row)
    return by_map


def check_maps(guest, report, maps):
    rows = {row["id"]: row for row in guest.rows("bpf_maps", columns=[
        "id", "name", "type", "type_id", "key_bytes", "value_bytes", "max_entries", "entries", "flags", "btf_id",
        "frozen", "extra", "pinned_by_programs"])}
    report.equal(sorted(rows), sorted(maps), "ids of maps")
    users = {}
    for program in guest.workload("bpf-programs"):
        for id_ in program["maps"]:
            users.setdefault(id_, []).append(program["id"])
    shown = {map_["id"]: map_["type"] for map_ in json.loads(guest.truth("workload/bpftool-maps.json") or b"[]")}
    for id_, map_ in maps.items():
        row = rows.get(id_)
        if row is None:
            continue
        what = f"map {id_} {map_['name']}"
        report.equal(to_bytes(row["name"]), map_["name"].encode(), f"{what} name")
        report.equal(row["type_id"], map_["type"], f"{what} type")
        if id_ in shown and not str(shown[id_]).isdigit() and not str(shown[id_]).startswith("type"):
            report.equal(row["type"], shown[id_], f"{what} type name")
        for column in ("key_bytes", "value_bytes", "max_entries", "flags"):
            report.equal(row[column], map_[column], f"{what} {column}")
        report.equal(row["extra"] or 0, map_["extra"], f"{what} extra")
        # The call shows no BTF for struct_ops' values but does give the one it was made with.
        report.equal(row["btf_id"] or 0, map_["btf_id"], f"{what} btf_id")
        report.equal(row["frozen"], bool(map_["frozen"]), f"{what} frozen")
        report.equal(row["pinned_by_programs"] or "", ",".join(map(str, users.get(id_, []))), f"{what} programs")


def without_list(map_, value):
    return value[:LIST_HEAD.start] + bytes(16) + value[LIST_HEAD.stop:] if map_["name"] == "graphs" else value


def check_listed(guest, report, map_, rows):
    got = Counter((row["key"], row["cpu"], row["value"]) for row in rows)
    wanted = Counter((key, cpu, without_list(map_, value)) for key, cpu, value in truth_entries(guest, map_))
    if map_["type"] == STACK_TRACE:     # the call gives all frames, unused ones as zeros
        got = Counter((key, cpu, value.ljust(map_["value_bytes"], b"\0")) for key, cpu, value in got.elements())
    what = f"map {map_['id']} {map_['name']}"
    more, less = got - wanted, wanted - got
    report.true(not more and not less,
                f"{what}: {sum(got.values())} entries, {sum(wanted.values())} told; "
                f"only in the dump {[show(entry) for entry in list(more)[:2]]}, "
                f"only told {[show(entry) for entry in list(less)[:2]]}")


def show(entry):
    key, cpu, value = entry
    return key.hex(), cpu, value[:80].hex() if value is not None else None


def check_unlisted(report, map_, rows, facts):
    """Queues, storages and arrays of references: what was put in."""
    what = f"map {map_['id']} {map_['name']}"
    report.equal(len(rows), len(facts), f"{what} entries")
    if any("value" in fact for fact in facts):
        values = [row["value"] for row in rows]
        told = [bytes.fromhex(fact["value"]) for fact in facts]
        ordered = map_["key_bytes"] == 0
        report.equal(values if ordered else sorted(values), told if ordered else sorted(told), f"{what} values")
    if any("key" in fact for fact in facts):
        report.equal(sorted(row["key"].hex() for row in rows), sorted(fact["key"] for fact in facts), f"{what} keys")
    by_owner = {"pid": "pid", "socket": "inode", "inode": "inode", "cgroup": "id"}
    targets = [json_of(row["target"]) or {} for row in rows]
    for kind, member in by_owner.items():
        told = sorted(fact[kind] for fact in facts if kind in fact)
        if told:
            report.equal(sorted(target.get(member, 0) for target in targets), told, f"{what} {kind}s")


def special(ours, theirs):
    """Whether ours is a special field that bpf(2) shows as zeros."""
    if isinstance(ours, dict) and "kind" in ours:
        return isinstance(theirs, dict)
    return isinstance(ours, str) and ours.startswith("0xff") and theirs == 0


def same(ours, theirs):
    """Whether two renderings say the same. bpftool 7.1 shows bit fields as hex of the bits, signed or not,
    characters that are no ASCII text as numbers, pointers as decimal numbers; and wraps the members of an
    anonymous struct in a member without a name."""
    if special(ours, theirs):
        return True
    if isinstance(ours, dict) and isinstance(theirs, dict):
        theirs = dict(theirs)
        unnamed = theirs.pop("", None)
        if isinstance(unnamed, dict):
            theirs.update(unnamed)
        return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, str) and isinstance(theirs, list):
        told = bytes(number & 0xff for number in theirs)
        return to_bytes(ours) == told.rstrip(b"\0") or to_bytes(ours) == told
    if isinstance(ours, list) and isinstance(theirs, str):
        return bytes(number & 0xff for number in ours).startswith(theirs.encode() + b"\0")
    if isinstance(ours, str) and ours.startswith("0x"):
        return int(ours, 16) == (int(theirs, 16) if isinstance(theirs, str) else theirs & (1 << 64) - 1)
    if isinstance(ours, int) and isinstance(theirs, str) and theirs.startswith("0x"):
        bits = int(theirs, 16)
        return ours == bits or (ours < 0 and any(ours + (1 << width) == bits for width in range(2, 65)))
    return ours == theirs


def json_of(cell):
    """JSON in a text cell, where a backslash is two."""
    return json.loads(to_bytes(cell)) if cell is not None else None


def sorted_rows(rows):
    return sorted(rows, key=lambda row: (json.dumps(row[0], sort_keys=True), row[1]))


def told_typed(dumped):
    """(key, cpu, value) of `bpftool -j map dump`, formatted."""
    for entry in dumped if isinstance(dumped, list) else [dumped]:
        formatted = entry.get("formatted")
        if not formatted:
            continue
        value = formatted.get("value")
        section = isinstance(value, dict) and len(value) == 1 and isinstance(list(value.values())[0], list)
        if section and list(value)[0].startswith("."):      # a section of variables, each an object of its own
            value = {name: content for variable in list(value.values())[0] for name, content in variable.items()}
        if "values" in formatted:
            for each in formatted["values"]:
                yield formatted.get("key"), each["cpu"], each["value"]
        else:
            yield formatted.get("key"), -1, value


def raw_of(dumped):
    """The bytes in `map dump`, as a set, and which members are shown formatted."""
    return Counter(json.dumps([entry.get("key"), entry.get("value"), entry.get("values"),
                               sorted(entry.get("formatted", ()))]) for entry in dumped)


def check_dumps(guest, report, maps):
    """`kernlens map` against `bpftool -j map dump`."""
    for id_, map_ in maps.items():
        text = guest.truth(f"workload/bpftool-map-{id_}.json")
        if not text:
            continue
        out, status, error = guest.run("map", guest.dump, id_, "--format", "json", "--quiet")
        what = f"kernlens map {id_} ({map_['name']})"
        report.equal(status, 0, f"{what} exits ({error.strip()}) with")
        ours = json.loads(out)
        try:
            told = json.loads(text)
        except ValueError:      # bpftool 7.1 writes no JSON of a float
            continue
        told = told if isinstance(told, list) else [told]
        # 5.10 goes past the end of a cgroup storage's list, and finds no value there.
        told = [entry for entry in told if "error" not in str(entry.get("value"))[:9]]
        report.true(raw_of(ours) == raw_of(told) or map_["name"] == "graphs", f"{what}: {str(ours)[:200]}, but bpftool says {str(told)[:200]}")
        for mine, theirs in zip(sorted_rows(told_typed(ours)), sorted_rows(told_typed(told))):
            report.true(same(list(mine), list(theirs)), f"{what}: {str(mine)[:900]}, but bpftool says {str(theirs)[:900]}")


WIDE, CALL = 0x18, 0x85


def check_instructions(guest, report):
    """Instructions against those that bpf(2) gives, where maps are numbers in place of addresses."""
    rows = defaultdict(list)
    for row in guest.rows("bpf_instructions"):
        rows[row["program_id"]].append(row)
    for program in guest.workload("bpf-programs"):
        code = guest.truth(f"workload/bpf-program-{program['id']}.bin") or b""
        mine = rows[program["id"]]
        what = f"program {program['id']} {program['name']}"
        report.equal(sum(len(row["code"]) // 2 for row in mine), program["xlated_bytes"], f"{what} bytes of code")
        for row in mine:
            told = code[8 * row["index"]:][:len(row["code"]) // 2]
            got = bytes.fromhex(row["code"])
            source = told[1] >> 4 if told else 0
            where = f"{what} instruction {row['index']} ({row['text']})"
            if len(got) == 16 and source in (1, 2):
                number, place = int.from_bytes(told[4:8], "little"), int.from_bytes(told[12:16], "little")
                name = f"map[id:{number}]" + (f"[0]+{place}" if source == 2 else "")
                report.equal(row["text"], f"({WIDE:02x}) r{got[1] & 15} = {name}", where)
            elif got[0] == CALL and source == 1:     # of its own function: by distance, and by number
                distance = int.from_bytes(told[2:4], "little", signed=True)
                report.equal(row["text"], f"({CALL:02x}) call pc{distance:+d}", where)
            else:
                report.equal(got.hex(), told.hex(), where)


def check_origins(guest, report):
    """The function and line of each instruction, and the machine code, against what bpf(2) gives."""
    rows = {(row["program_id"], row["index"]): row for row in guest.rows(
        "bpf_instructions", columns=["program_id", "index", "function", "file", "line", "line_column", "source"])}
    for fact in guest.workload("bpf-functions"):
        row = rows.get((fact["program"], fact["index"]), {})
        report.equal(row.get("function"), fact["name"], f"program {fact['program']} function at {fact['index']}")
    for fact in guest.workload("bpf-lines"):
        row = rows.get((fact["program"], fact["index"]))
        what = f"program {fact['program']} instruction {fact['index']}"
        if row is None:
            report.fail(f"{what} is missing")
            continue
        source = bytes.fromhex(fact["source_hex"]).lstrip(b" \t")
        report.equal([row["line"], row["line_column"], to_bytes(row["file"]), to_bytes(row["source"] or "")],
                     [fact["line"], fact["column"], bytes.fromhex(fact["file_hex"]), source], what)
    told = 0
    for row in guest.rows("bpf_programs", columns=["id", "name", "jited"]):
        image = guest.truth(f"workload/bpf-program-jited-{row['id']}.bin")
        if image is not None:
            told += 1
            report.equal(row["jited"], image.hex() or None, f"program {row['id']} {row['name']} machine code")
    report.true(told or not guest.workload("bpf-functions"), "no machine code is told")


def check_rings(guest, report, maps, facts):
    rows = guest.rows("bpf_ring_records")
    by_name = {map_["name"]: map_["id"] for map_ in maps.values()}
    for ring in (fact for fact in facts if fact["fact"] == "ring"):
        mine = {row["position"]: row for row in rows if row["map_id"] == by_name[ring["map"]]}
        size = maps[by_name[ring["map"]]]["max_entries"]
        kept = 0
        for record in facts:
            if record["fact"] != "record" or record["map"] != ring["map"]:
                continue
            position, row = record["position"], mine.get(record["position"])
            what = f"{ring['map']} record at {position}"
            data = bytes.fromhex(record["data"])
            consumed = position < ring["consumer"]
            if position < ring["producer"] - min(size, ring["producer"]):
                report.true(row is None, f"{what} was written over")
                continue
            kept += 1
            if row is None:
                report.fail(f"{what} is missing")
                continue
            report.equal(row["state"], "consumed" if consumed else record["state"], f"{what} state")
            report.equal((row["bytes"], row["data"]), (len(data), data.hex()), f"{what} data")
        report.equal(len(mine), kept, f"{ring['map']} records")


def check_arena(guest, report, maps, facts):
    pages = {fact["page"]: fact for fact in facts if fact["fact"] == "page"}
    if not pages:
        return
    rows = guest.rows("bpf_arena_pages")
    report.equal({row["page"]: to_int(row["user_address"]) for row in rows},
                 {page: fact["address"] for page, fact in pages.items()}, "pages of the arena")
    with open(guest.directory / "memory.raw", "rb") as memory:
        for row in rows:
            if row["page"] not in pages:
                continue
            physical = to_int(row["physical"])
            ram = next(ram for ram in guest.facts["ram"] if ram["start"] <= physical < ram["start"] + ram["bytes"])
            memory.seek(physical - ram["start"] + ram["file_offset"])
            report.equal(memory.read(64).hex(), pages[row["page"]]["begins"], f"arena page {row['page']}")


def check_special(guest, report, maps, facts):
    """Fields that bpf(2) shows as zeros: what the workload made of them."""
    by_name = {map_["name"]: map_["id"] for map_ in maps.values()}
    wanted = [fact for fact in facts if fact["fact"] in ("timer", "pointer", "shared", "graph")]
    if not wanted:
        return
    rows = {(row["map_id"], row["key"]): json_of(row["value_text"]) for row in guest.rows(
        "bpf_entries", columns=["map_id", "key", "value_text"]) if row["map_id"] in
        {by_name[fact["map"]] for fact in wanted}}
    tasks = {row["pid"]: row["address"] for row in guest.rows("tasks", columns=["pid", "address"])}
    programs = {program["name"]: program["id"] for program in guest.workload("bpf-programs")}
    uptime = float(guest.truth("proc/uptime").split()[0])
    for fact in wanted:
        value = rows.get((by_name[fact["map"]], fact.get("key")))
        what = f"{fact['map']} {fact.get('key')} ({value})"
        if value is None:
            report.fail(f"{what} is missing")
        elif fact["fact"] == "timer":
            timer = value["timer"]
            report.equal(timer["address"] is not None, fact["state"] != "none", f"{what} timer")
            report.equal(timer.get("armed"), {"none": None, "made": False, "armed": True}[fact["state"]], f"{what} armed")
            if fact["state"] == "armed":
                report.equal(timer["program_id"], programs["arm"], f"{what} program")
                report.true(1e6 < timer["expires_ns"] / 1e9 < 1e6 + uptime, f"{what} expires at another time")
        elif fact["fact"] == "pointer":
            report.equal([value["plain"], value["counted"]], [tasks[fact["pid"]]] * 2, f"{what} tasks")
        elif fact["fact"] == "graph":
            report.true(value["head"]["next"] == value["head"]["previous"] is not None, f"{what}: a list of one")
            report.true(value["root"]["node"] == value["root"]["leftmost"] is not None, f"{what}: a tree of one")
        elif not fact["pinned"]:        # 6.12 and before: a number like any other
            report.equal(to_int(value["shared"]), fact["address"], f"{what} address")
        else:
            frames = guest.run("translate", guest.dump, value["shared"], "--format", "json")[0], guest.run(
                "translate", guest.dump, hex(fact["address"]), "--pid", str(fact["pid"]), "--format", "json")[0]
            physical = [json.loads(frame) for frame in frames]
            report.true(physical[0] and frame_of(physical[0]) == frame_of(physical[1]), f"{what}: {physical}")


def call_of(frame, symbols):
    """The address that a shown call stands for: "symbol+0x12", or a number."""
    if "+" not in frame:
        return {int(frame, 16)}
    name, offset = frame.rsplit("+", 1)
    return {address + int(offset, 16) for address in symbols.get(name, ())}


def check_stacks(guest, report, maps):
    """Stack traces: each call as its symbol and offset, which kallsyms gives back as the address that was recorded."""
    symbols = defaultdict(set)
    for line in guest.truth("proc/kallsyms").decode().splitlines():
        address, _, name = line.split()[:3]
        symbols[name].add(int(address, 16))
    named = 0
    for row in guest.rows("bpf_entries", columns=["map_id", "value", "value_text"]):
        map_ = maps.get(row["map_id"], {})
        if map_.get("type") != STACK_TRACE:
            continue
        frames, value = json_of(row["value_text"]), bytes.fromhex(row["value"])
        size = 32 if map_["flags"] & BUILD_IDS else 8
        report.equal(len(frames), len(value) // size, f"{map_['name']} calls")
        for at, frame in enumerate(frames):
            raw = value[at * size:][:size]
            status, last = int.from_bytes(raw[:4], "little"), int.from_bytes(raw[-8:], "little")
            what = f"{map_['name']} call {at}"
            if size == 32 and status == 1:
                report.equal(frame, {"build_id": raw[4:24].hex(), "offset": hex(last)}, what)
            elif size == 8 or status == 2:
                report.true(last in call_of(frame, symbols), f"{what}: {last:#x} as {frame}")
                named += "+" in frame
            else:
                report.equal(frame, None, what)
    report.true(named > 4, f"{named} calls with symbols")


def check_bloom(guest, report, maps):
    """Values that were put in, and values that were not (workload/bpf/bytes.c)."""
    bloom = next((map_ for map_ in maps.values() if map_["name"] == "bloom"), None)
    if not bloom:
        return
    def asked(number):
        value = bytes((number * 31 + at * 7 + 1) & 0xff for at in range(8)).hex()
        out, status, error = guest.run("bpf_entries", guest.dump, f"map_id={bloom['id']}", f"value={value}", "--format",
                                       "json", "--columns", "value")
        report.equal(status, 0, f"bloom {error}")
        return json.loads(out) == [{"value": value}]
    report.equal([asked(number) for number in (0, 17, 49)], [True] * 3, "values in the Bloom filter")
    # A quarter of its bits is set, and each value has 5: one of 1000 others passes.
    report.true(sum(asked(number) for number in range(50, 56)) < 3, "values that are not in the Bloom filter")
    row, = guest.rows("bpf_entries", f"map_id={bloom['id']}", columns=["map_id", "value_text"])
    shown = json_of(row["value_text"])
    report.true(0 < shown["set"] <= 50 * shown["hash_functions"] and shown["set"] <= shown["bits"], f"bloom {shown}")
    report.equal(shown["density"], shown["set"] * 10000 // shown["bits"] / 10000, "bloom density")


def frame_of(translated):
    """The physical address in what `kernlens translate --format json` says."""
    return (translated[0] if isinstance(translated, list) else translated)["physical"]


def check_programs(guest, report):
    programs = {program["id"]: program for program in guest.workload("bpf-programs")}
    rows = {row["id"]: row for row in guest.rows("bpf_programs", columns=[
        "id", "name", "type", "type_id", "tag", "jited_bytes", "xlated_bytes", "run_count", "run_time_ns", "btf_id", "maps",
        "loaded_at", "uid", "gpl_compatible"])}
    report.equal(sorted(rows), sorted(programs), "ids of programs")
    shown = {program["id"]: program for program in json.loads(guest.truth("workload/bpftool-programs.json") or b"[]")}
    for id_, program in programs.items():
        row = rows.get(id_)
        if row is None:
            continue
        what = f"program {id_} {program['name']}"
        report.equal(to_bytes(row["name"]), program["name"].encode(), f"{what} name")
        report.equal(row["type_id"], program["type"], f"{what} type")
        for column in ("tag", "jited_bytes", "xlated_bytes", "run_count", "run_time_ns", "uid"):
            report.equal(row[column], program[column], f"{what} {column}")
        report.equal(row["btf_id"] or 0, program["btf_id"], f"{what} btf_id")
        report.equal(row["maps"] or "", ",".join(map(str, program["maps"])), f"{what} maps")
        report.equal(row["gpl_compatible"], bool(program["gpl"]), f"{what} gpl")
        if id_ in shown and not str(shown[id_]["type"]).isdigit():
            report.equal(row["type"], shown[id_]["type"], f"{what} type name")


def check_links(guest, report):
    links = {link["id"]: link for link in guest.workload("bpf-links")}
    rows = {row["id"]: row for row in guest.rows("bpf_links", columns=["id", "type", "type_id", "program_id", "target"])}
    report.equal(sorted(rows), sorted(links), "ids of links")
    for id_, link in links.items():
        if id_ in rows:
            report.equal(rows[id_]["type_id"], link["type"], f"link {id_} type")
            report.equal(rows[id_]["program_id"] or 0, link["program_id"], f"link {id_} program")


def check_btfs(guest, report):
    # Since 5.11 the call says whose a BTF is; before that all are without a name.
    told = {btf["id"]: btf for btf in guest.workload("bpf-btfs")}
    rows = {row["id"]: row for row in guest.rows("bpf_btfs")}
    report.equal(sorted(rows), sorted(told), "ids of BTFs")
    for id_, btf in told.items():
        if id_ in rows:
            report.equal(rows[id_]["bytes"], btf["bytes"], f"BTF {id_} bytes")
            if any(other["kernel"] for other in told.values()):
                report.equal(to_bytes(rows[id_]["name"]) or b"", btf["name"].encode(), f"BTF {id_} name")
                report.equal(rows[id_]["kernel"], bool(btf["kernel"]), f"BTF {id_} kernel")


def check(guest, report):
    maps = {map_["id"]: map_ for map_ in guest.workload("bpf-maps")}
    if not maps:
        raise Skip("this capture has no BPF in it")
    facts = guest.workload("bpf")
    check_maps(guest, report, maps)
    rows = entries(guest)
    for map_ in maps.values():
        mine = [fact for fact in facts if fact["fact"] == "entry" and fact["map"] == map_["name"]]
        if map_["entries"] >= 0:
            check_listed(guest, report, map_, rows[map_["id"]])
        elif mine:
            check_unlisted(report, map_, rows[map_["id"]], mine)
    check_dumps(guest, report, maps)
    check_instructions(guest, report)
    check_origins(guest, report)
    check_rings(guest, report, maps, facts)
    check_arena(guest, report, maps, facts)
    check_special(guest, report, maps, facts)
    check_stacks(guest, report, maps)
    check_bloom(guest, report, maps)
    check_programs(guest, report)
    check_links(guest, report)
    check_btfs(guest, report)
