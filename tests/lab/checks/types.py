"""Types of modules against the BTF that the guest's sysfs gives, and what conditions pick out of all."""

import struct

KINDS = (None, "int", "ptr", "array", "struct", "union", "enum", "fwd", "typedef", "volatile", "const", "restrict",
         "func", "func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64")
# Bytes behind the 12 that every type has: fixed, and for each member.
BEHIND = {"int": (4, 0), "array": (12, 0), "struct": (0, 12), "union": (0, 12), "enum": (0, 8), "func_proto": (0, 8),
          "var": (4, 0), "datasec": (0, 12), "decl_tag": (4, 0), "enum64": (0, 12)}


class Blob:
    def __init__(self, data, base=b""):
        _, _, _, self.header, start, size, strings, string_bytes = struct.unpack_from("<HBBIIIII", data)
        self.types = data[self.header + start:][:size]
        self.strings = base + data[self.header + strings:][:string_bytes]

    def rows(self):
        """(kind, name) of each type, read by nothing but the format's description."""
        at = 0
        while at < len(self.types):
            name, info, _ = struct.unpack_from("<III", self.types, at)
            kind, n = KINDS[info >> 24 & 0x1f], info & 0xffff
            fixed, each = BEHIND.get(kind, (0, 0))
            at += 12 + fixed + each * n
            yield kind, self.strings[name:self.strings.index(b"\0", name)].decode() or None


def check_modules(guest, report):
    """Every type of every module, in order."""
    base = Blob(guest.truth("sys/kernel/btf/vmlinux"))
    if base.header != 24:       # newer kernels have another form, which tests/diff compares with libbpf
        return
    for name in guest.truth_names("sys/kernel/btf"):
        if name == "vmlinux":
            continue
        told = list(Blob(guest.truth(f"sys/kernel/btf/{name}"), base.strings).rows())
        got = [(row["kind"], row["name"]) for row in guest.rows("types", f"btf={name}", columns=["kind", "name"])]
        report.equal(len(got), len(told), f"types of {name}")
        report.equal([pair for pair in zip(got, told) if pair[0] != pair[1]][:3], [], f"kinds and names of {name}")


def check_conditions(guest, report):
    """One condition, or two, pick what they say out of all rows."""
    types = guest.rows("types")
    structs = [row for row in types if row["kind"] == "struct" and row["name"]]
    picked = [structs[0], structs[-1], next(row for row in structs if row["btf"] != "vmlinux"), types[-1]]
    for row in picked:
        for conditions in ({"id": row["id"]}, {"name": row["name"]}, {"btf": row["btf"], "name": row["name"]},
                           {"btf": row["btf"], "id": row["id"]}, {"kind": row["kind"], "btf": row["btf"]}):
            if None in conditions.values():
                continue
            wanted = [each for each in types if all(each[key] == value for key, value in conditions.items())]
            got = guest.rows("types", *(f"{key}={value}" for key, value in conditions.items()))
            report.equal(got, wanted, f"types with {conditions}")
    last = max(row["id"] for row in types if row["btf"] == "vmlinux")
    for conditions in (("btf=none",), ("name=no_such_type",), ("id=4294967295",), ("btf=vmlinux", f"id={last + 1}")):
        report.equal(guest.rows("types", *conditions), [], f"types with {conditions}")
    members = guest.rows("members", columns=["type_id", "type", "name", "btf"])
    for row in picked[:3]:
        for key, column in (("id", "type_id"), ("name", "type"), ("btf", "btf")):
            wanted = [each for each in members if each[column] == row[key]]
            got = guest.rows("members", f"{column}={row[key]}", columns=["type_id", "type", "name", "btf"])
            report.equal(got, wanted, f"members with {column}={row[key]}")


def check_declarations(guest, report):
    """A type by its BTF and its name, with its kind or without: one declaration."""
    named = {}
    for row in guest.rows("types", "kind=struct"):
        if row["btf"] not in ("vmlinux", None) and row["name"] and row["members"]:
            named.setdefault(row["btf"].split(":")[0], row)
    report.true("bpf" in named, f"only {list(named)} have structs of their own") # modules do since 5.11
    for row in named.values():
        ways = [f"{row['btf']}:{row['name']}", f"{row['btf']}:struct {row['name']}"]
        told = [guest.run("struct", guest.dump, way) for way in ways]
        report.true(told[0][1] == 0 and told[0][0].startswith(f"struct {row['name']} {{".encode()), f"{ways[0]}: {told[0]}")
        report.equal(told[1][0], told[0][0], ways[1])
        report.equal(guest.run("struct", guest.dump, f"{row['btf']}:union {row['name']}")[1], 1, f"{ways[0]} as a union")


def check(guest, report):
    check_modules(guest, report)
    check_conditions(guest, report)
    check_declarations(guest, report)
