"""drgn: writes the types and symbols of a kernel as the symbol file that volatility3 reads.

    drgn -q -c DUMP -s VMLINUX isf.py STRUCTS SYMBOLS OUT

STRUCTS has a struct or union a line, SYMBOLS what nm says of the vmlinux. What the types need is
written with them; of the variables only those below have types.
"""
import base64
import json
import sys

from drgn import PrimitiveType, TypeKind, sizeof

TYPED = ("init_task", "super_blocks", "init_pid_ns", "init_nsproxy", "init_uts_ns", "init_mm", "modules", "mem_section")
KINDS = {TypeKind.STRUCT: "struct", TypeKind.CLASS: "struct", TypeKind.UNION: "union"}
BASES = {TypeKind.INT: "int", TypeKind.BOOL: "bool", TypeKind.FLOAT: "float"}

base_types = {"pointer": {"size": 8, "signed": False, "kind": "int", "endian": "little"},
              "void": {"size": 0, "signed": False, "kind": "void", "endian": "little"}}
user_types, enums, unnamed, ahead = {}, {}, {}, []


def base(type_):
    name = type_.name
    if name not in base_types:
        char = type_.primitive in (PrimitiveType.C_CHAR, PrimitiveType.C_UNSIGNED_CHAR, PrimitiveType.C_SIGNED_CHAR)
        base_types[name] = {"size": type_.size, "signed": type_.kind == TypeKind.INT and type_.is_signed,
                            "kind": "char" if char else BASES[type_.kind], "endian": "little"}
    return {"kind": "base", "name": name}


def name_of(type_):
    if type_.tag:
        return type_.tag
    # What has no name is known by what it is: drgn gives equal objects of one DIE.
    key = repr(type_)
    return unnamed.setdefault(key, f"unnamed_{len(unnamed)}")


def compound(type_):
    name = name_of(type_)
    if name not in user_types:
        user_types[name] = None
        ahead.append((name, type_))
    return {"kind": KINDS[type_.kind], "name": name}


def enum(type_):
    name = name_of(type_)
    if name not in enums:
        whole = type_.is_complete()
        enums[name] = {"size": type_.type.size if whole else 4, "base": base(type_.type)["name"] if whole else "unsigned int",
                       "constants": {e.name: e.value for e in type_.enumerators} if whole else {}}
        base_types.setdefault("unsigned int", {"size": 4, "signed": False, "kind": "int", "endian": "little"})
    return {"kind": "enum", "name": name}


def describe(type_):
    kind = type_.kind
    if kind == TypeKind.TYPEDEF:
        return describe(type_.type)
    if kind == TypeKind.POINTER:
        return {"kind": "pointer", "subtype": describe(type_.type)}
    if kind == TypeKind.ARRAY:
        return {"kind": "array", "count": type_.length or 0, "subtype": describe(type_.type)}
    if kind in KINDS:
        return compound(type_)
    if kind == TypeKind.ENUM:
        return enum(type_)
    if kind == TypeKind.FUNCTION:
        return {"kind": "function"}
    if kind == TypeKind.VOID:
        return {"kind": "base", "name": "void"}
    return base(type_)


def field(member, at):
    type_ = describe(member.type)
    offset = member.bit_offset // 8
    if member.bit_field_size is not None:
        size = sizeof(member.type)
        offset = member.bit_offset // (8 * size) * size
        type_ = {"kind": "bitfield", "bit_length": member.bit_field_size, "bit_position": member.bit_offset - 8 * offset,
                 "type": type_}
    return member.name or f"unnamed_field_{at}", {"type": type_, "offset": offset, "anonymous": member.name is None}


def write_types():
    while ahead:
        name, type_ = ahead.pop()
        whole = type_.is_complete()
        user_types[name] = {"size": type_.size if whole else 0, "kind": KINDS[type_.kind],
                            "fields": dict(field(m, at) for at, m in enumerate(type_.members)) if whole else {}}


def main(structs, symbols_of, out):
    for name in open(structs).read().splitlines():
        try:
            compound(prog.type(name))       # noqa: F821
            write_types()
        except LookupError:
            pass
    symbols = {}
    for line in open(symbols_of):
        address, _, name = line.split()
        symbols[name] = {"address": int(address, 16), "type": {"kind": "base", "name": "void"}}
    for name in TYPED:
        try:
            symbols[name]["type"] = describe(prog[name].type_)      # noqa: F821
        except KeyError:
            pass
    write_types()
    banner = prog["linux_banner"].string_() + b"\0"                 # noqa: F821
    symbols["linux_banner"]["type"] = {"kind": "array", "count": len(banner), "subtype": {"kind": "base", "name": "char"}}
    symbols["linux_banner"]["constant_data"] = base64.b64encode(banner).decode()
    base_types.setdefault("char", {"size": 1, "signed": True, "kind": "char", "endian": "little"})
    with open(out, "w") as file:
        json.dump({"metadata": {"producer": {"name": "drgn", "version": "0.0.1"}, "format": "6.2.0",
                                "linux": {"symbols": [], "types": []}},
                   "base_types": base_types, "user_types": user_types, "enums": enums, "symbols": symbols}, file)


main(*sys.argv[1:])
