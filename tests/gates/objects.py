#!/usr/bin/env python3
"""What the core's objects may hold: no outside symbols but four, no writable data, only kl_ exported.

    objects.py NM LIST [ALLOWED...]

LIST is a file with an object a line; ALLOWED are further undefined symbols, for targets whose
compiler calls its own runtime library.
"""

import functools
import re
import subprocess
import sys

OUTSIDE = {"memcpy", "memmove", "memset", "memcmp"}     # base/memory.h
# What linkers provide, and the names that compilers give to code reached by position.
LINKER = re.compile(r"_GLOBAL_OFFSET_TABLE_$|__(?:stack_pointer|memory_base|table_base)$|"
                    r"__indirect_function_table$|__linear_memory$|__x86\.get_pc_thunk\.\w+$")
# A static of a function: gcc appends a number, clang puts the function before it. gcc's own
# tables and copies of functions have numbers too.
LOCAL_STATIC = re.compile(r"(?!CSWTCH\.)\w+\.\d+$|(?!switch\.table\.|reltable\.|str\.)[a-z]\w*\.[A-Za-z_]\w*$")


def symbols(nm, objects):
    """(object, name, type letter) for each symbol."""
    listing = subprocess.run([nm, "--print-file-name", *objects], check=True, capture_output=True,
                             text=True).stdout
    for line in listing.splitlines():
        place, rest = line.rsplit(":", 1)
        *_, kind, name = rest.split()
        yield place, name, kind


def findings(nm, objects, allowed=()):
    outside = OUTSIDE | set(allowed)
    table = list(symbols(nm, objects))
    defined = {name for _, name, kind in table if kind.isupper() and kind != "U"}
    for place, name, kind in table:
        if kind == "U" and name not in outside | defined and not LINKER.match(name):
            yield f"{place}: needs {name}, which the core does not define"
        if kind in "BbCcSs" or kind in "Dd" and name in writable_names(place):
            yield f"{place}: {name} is a writable global"
        if kind in "TDBRWV" and not name.startswith("kl_") and not LINKER.match(name):
            yield f"{place}: exports {name}, whose name does not begin with kl_"
        if kind in "rdb" and LOCAL_STATIC.match(name):
            yield f"{place}: {name} is a static inside a function"


@functools.cache
def writable_names(place):
    """A 'd' symbol is writable, or a constant that holds addresses (.data.rel.ro)."""
    with open(place, "rb") as file:
        if file.read(4) != b"\x7fELF":      # WebAssembly has constants among the data
            return frozenset()
    listing = subprocess.run(["objdump", "--syms", place], check=True, capture_output=True, text=True).stdout
    return frozenset(line.split()[-1] for line in listing.splitlines()
                     if ".data" in line and ".data.rel.ro" not in line)


def main():
    nm, objects, *allowed = sys.argv[1:]
    with open(objects, encoding="utf-8") as lines:
        objects = [line.strip() for line in lines if line.strip()]
    found = sorted(set(findings(nm, objects, allowed)))
    print("\n".join(found) or f"{len(objects)} objects: nothing")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
