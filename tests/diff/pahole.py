"""Struct layouts as pahole and as kernlens print them, brought to one form."""

import re

# "/*   144: 3  4 */" or "/*   144     4 */"
PLACE = re.compile(r"/\*\s+(\d+)(?::\s*(\d+))?\s+(\d+) \*/\s*$")
HOLE = re.compile(r"/\* (?:XXX )?(\d+) (bit|byte)s? hole(?:, try to pack)? \*/")
PADDING = re.compile(r"/\* (?:(\d+) (bit|byte)s? padding|(bit_)?padding: (\d+)(?: bits)?) \*/")
SIZE = re.compile(r"/\* size: (\d+),(?: cachelines: \d+,)? members: (\d+) \*/")
OPEN = re.compile(r"^\s*(?:const |volatile )*(struct|union|enum)(?: (\w+))? \{")


def structs(text):
    """(name, layout) of each struct. A layout is what is compared: tuples in order.

    member: ("member", depth, byte, bit or None, bytes)
    hole:   ("hole", depth, bits), adjacent ones summed
    end:    ("end", size, members, padding in bits); not of unions, of which pahole says nothing
    """
    kind, name, layout, depth, enum = None, None, [], 0, False
    size = members = None
    padding = 0
    for line in text.splitlines():
        opened = OPEN.match(line)
        place = PLACE.search(line)
        if opened:
            if depth == 0:
                kind, name = opened[1], opened[2]
                layout, size, members, padding = [], None, None, 0
            enum = opened[1] == "enum"
            depth += 1
            continue
        if line.lstrip("\t").startswith("}"):
            depth -= 1
            enum = False
            if depth == 0 and name:
                if kind == "struct":
                    layout.append(("end", size, members, padding))
                yield name, tuple(layout)
                name = None
                continue
        if enum or depth == 0:
            continue
        if place:
            byte, bit, n = place.groups()
            layout.append(("member", depth, int(byte), bit and int(bit), int(n)))
        elif found := HOLE.search(line):
            bits = int(found[1]) * (1 if found[2] == "bit" else 8)
            if layout and layout[-1][0] == "hole":
                bits += layout.pop()[2]
            layout.append(("hole", depth, bits))
        elif found := SIZE.search(line):
            size, members = int(found[1]), int(found[2])
        elif found := PADDING.search(line):
            if found[4]:
                padding += int(found[4]) * (1 if found[3] else 8)
            else:
                padding += int(found[1]) * (1 if found[2] == "bit" else 8)
