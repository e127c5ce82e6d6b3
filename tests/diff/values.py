"""Values as kernlens and as libbpf print them, brought to one form: the numbers and names in order."""

import re

TOKEN = re.compile(r"'(?:\\x?[0-9a-f]+|\\?.)'|\"(?:\\.|[^\"\\])*\"|-?\b(?:0x[0-9a-f]+|\d+)U?L{0,2}\b|\b[A-Za-z_]\w*\b")
ESCAPES = {"0": 0, "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13}


def number(token):
    """A token as an int where it is a number, a truth value or a character."""
    if token.startswith("'"):
        inner = token[1:-1]
        if inner.startswith("\\x"):
            return int(inner[2:], 16)
        return ESCAPES.get(inner[1], ord(inner[1])) if inner.startswith("\\") else ord(inner)
    if token in ("true", "false"):
        return int(token == "true")
    if token.lstrip("-")[0].isdigit():
        return int(token.rstrip("UL"), 0)
    return token


def ours(lines):
    """Ours has a value, or a list of them, behind "=", or is a list."""
    for line in lines:
        for token in TOKEN.findall(line.split(" = ", 1)[-1].strip()):
            if token.startswith('"'):
                yield from text(token)
            else:
                yield number(token)


def text(token):
    inner = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), token[1:-1])
    for c in re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), inner):
        yield ("char", ord(c))


def theirs(lines):
    """Libbpf has one value a line, behind its name and type; 1.1 forgets to end that of a negative enum."""
    for line in lines:
        for part in line.split("\t"):
            part = part.strip().rstrip(",}]")
            tokens = TOKEN.findall(part)
            if tokens and part.endswith(tokens[-1]):
                yield number(tokens[-1])


def same(a, b):
    """Libbpf prints a bitfield without regard to its sign."""
    if isinstance(a, tuple): # of a string, where char may have a sign
        return isinstance(b, int) and b % 256 == a[1]
    if isinstance(a, str) or isinstance(b, str) or a >= 0:
        return a == b
    return a == b or any(b == a % (1 << bits) for bits in range((-a - 1).bit_length() + 1, 65))


def whole(lines):
    """Libbpf 1.1 can end inside an array whose last member is a bitfield."""
    text = "".join(lines)
    return text.count("{") == text.count("}") and text.count("[") == text.count("]")


def structs(lines):
    """(name, lines of ours, lines of libbpf's or None where it gave up) of each."""
    name, parts = None, None
    for line in lines:
        line = line.rstrip("\n")
        if line.startswith("= "):
            if name:
                yield name, *parts
            name, parts = line[2:], [[], []]
            into = parts[0]
        elif line == "-":
            into = parts[1]
        elif line == "!":
            parts[1] = None
        else:
            into.append(line)
    if name:
        yield name, *parts
