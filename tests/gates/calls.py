#!/usr/bin/env python3
"""Who calls whom in the core: no recursion, no frame of unknown size, a bound on the stack.

    calls.py LIST REVIEWED

LIST is a file with an object a line, compiled by gcc without optimisation and with
-fcallgraph-info=su, so that every call of the source is there. A call through a pointer names no
callee: REVIEWED (indirect_calls.txt) says what each such caller may reach, and those edges count.
A function whose address stands in a table of the objects must be among what some caller may reach.
"""

import re
import subprocess
import sys
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^\\"]+)\\n[^"]*?(?:\\n(\d+) bytes \(([^)]+)\))?"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
INDIRECT = "__indirect_call"
STACK_BYTES = 16 << 10      # all frames of the deepest chain, unoptimised: a quarter of a 64 KiB stack


def matches(name, pattern):
    """A wildcard means functions of one file: what floors call each other by has the prefix."""
    return fnmatchcase(name, pattern) and (pattern.startswith("kl_") or not name.startswith("kl_"))


class Graph:
    def __init__(self):
        self.label = {}                 # title -> the function's name
        self.frame = {}                 # title -> bytes
        self.dynamic = []               # titles with a frame of unknown size
        self.calls = defaultdict(set)   # title -> titles
        self.indirect = set()           # titles that call through a pointer

    def read(self, text):
        for title, label, size, kind in NODE.findall(text):
            if size:
                self.label[title] = label
                self.frame[title] = int(size)
                if kind == "dynamic":   # not "dynamic,bounded": arguments of calls, on the stack
                    self.dynamic.append(title)
        for caller, callee in EDGE.findall(text):
            if callee == INDIRECT:
                self.indirect.add(caller)
            else:
                self.calls[caller].add(callee)

    def add_reviewed(self, reviewed):
        """Adds what indirect calls may reach; yields what the review lacks or has too much."""
        callers = {self.label[title] for title in self.indirect}
        for name in sorted(callers - set(reviewed)):
            yield f"{name} calls through a pointer and is not in indirect_calls.txt: say there whom"
        for name in sorted(set(reviewed) - callers):
            yield f"indirect_calls.txt: {name} makes no indirect call"
        for title in self.indirect:
            for pattern in reviewed.get(self.label[title], ()):
                if pattern == "outside":
                    continue
                reached = [t for t, name in self.label.items() if matches(name, pattern)]
                if not reached:
                    yield f"indirect_calls.txt: {self.label[title]}: no function is named {pattern}"
                self.calls[title].update(reached)

    def deepest(self):
        """({title: bytes of stack it needs with all it calls}, a cycle as titles or None)."""
        need, path = {}, []
        # Depth first with a stack of our own: (title, callees still to visit)
        for root in sorted(self.frame):
            ahead = [] if root in need else [(root, iter(sorted(self.calls[root])))]
            path = [root] if ahead else []
            while ahead:
                title, callees = ahead[-1]
                callee = next(callees, None)
                if callee is None:
                    below = [need[c] for c in self.calls[title] if c in need]
                    need[title] = self.frame[title] + max(below, default=0)
                    ahead.pop()
                    path.pop()
                elif callee in path:
                    return need, path[path.index(callee):]
                elif callee in self.frame and callee not in need:
                    ahead.append((callee, iter(sorted(self.calls[callee]))))
                    path.append(callee)
        return need, None

    def chain(self, need, title):
        names = []
        while title:
            names.append(self.label[title])
            title = max((c for c in self.calls[title] if c in need), key=need.get, default=None)
        return names


def tabled(objects):
    """Names of the functions whose address stands in the constant data of objects."""
    def run(*command):
        return subprocess.run([*command, *objects], check=True, capture_output=True, text=True).stdout.splitlines()
    at, names = {}, set()
    for line in run("nm", "--defined-only", "--print-file-name"):
        place, rest = line.rsplit(":", 1)
        address, kind, name = rest.split()
        if kind in "tT":
            at[place, int(address, 16)] = name
            names.add(name)
    place, in_data = objects[0], False
    for line in run("readelf", "--relocs", "--wide"):
        if line.startswith("File: "):
            place = line[len("File: "):]
        elif line.startswith("Relocation section"):
            in_data = "'.rela.data" in line
        fields = line.split()
        if in_data and len(fields) >= 7 and fields[5] == "+":
            if fields[4] == ".text":
                yield at[place, int(fields[6], 16)]
            elif fields[4] in names:
                yield fields[4]


def unreviewed(names, reviewed):
    patterns = [pattern for reached in reviewed.values() for pattern in reached]
    for name in sorted(set(names)):
        if not any(matches(name, pattern) for pattern in patterns):
            yield f"the address of {name} stands in a table, and no line of indirect_calls.txt reaches it"


def read_reviewed(text):
    reviewed = {}
    for line in text.splitlines():
        fields = line.split("#")[0].split()
        if fields:
            reviewed[fields[0]] = fields[1:]
    return reviewed


def findings(graphs, reviewed):
    """(problems, a line about the deepest chain) of the texts of gcc's call graphs."""
    graph = Graph()
    for text in graphs:
        graph.read(text)
    found = list(graph.add_reviewed(reviewed))
    found += [f"{graph.label[title]} has a frame whose size is not fixed" for title in graph.dynamic]
    need, cycle = graph.deepest()
    if cycle:
        names = [graph.label[title] for title in cycle]
        return [*found, "recursion: " + " -> ".join([*names, names[0]])], ""
    top = max(need, key=need.get, default=None)
    if top is None:
        return [*found, "no call graph: was it compiled by gcc with -fcallgraph-info=su?"], ""
    deepest = f"{need[top]} bytes of stack: {' -> '.join(graph.chain(need, top))}"
    if need[top] > STACK_BYTES:
        found.append(f"more than {STACK_BYTES} {deepest}")
    return found, f"{len(graph.frame)} functions, the deepest chain takes {deepest}"


def main():
    objects, reviewed = (Path(argument).read_text(encoding="utf-8") for argument in sys.argv[1:])
    reviewed = read_reviewed(reviewed)
    graphs = [Path(path).with_suffix(".ci").read_text(encoding="utf-8") for path in objects.split()]
    found, deepest = findings(graphs, reviewed)
    found += unreviewed(tabled(objects.split()), reviewed)
    print("\n".join(found) or deepest)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
