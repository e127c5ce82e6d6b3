#!/usr/bin/env python3
"""What the sources may say: includes go down, one configuration, no kernel versions.

    sources.py ROOT
"""

import re
import sys
from pathlib import Path

FLOORS = ["base", "image", "arch", "btf", "kernel", "walk", "linux", "tables"]
FREESTANDING = {"float.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdnoreturn.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
CONDITION = re.compile(r"^\s*#\s*(?:if|ifdef|elif)\b.*$|^\s*#\s*ifndef\b(?!\s+(?:KL|KERNLENS)_\w+_H$).*$", re.MULTILINE)
VERSION = re.compile(r"\b(?:KERNEL_VERSION|LINUX_VERSION_CODE|kernel_version_(?:code|at_least)|"
                     r"version_(?:major|minor)|release_(?:major|minor))\b")
ADVISED_LINES = 400


def uncommented(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*", "", text)


def core_findings(name, text):
    """name: the file's path from core/."""
    floor = name.split("/")[0]
    public = floor == "include"
    code = uncommented(text)
    for bracket, included in INCLUDE.findall(code):
        first = included.split("/")[0]
        if bracket == "<":
            if included not in FREESTANDING:
                yield f"core/{name}: includes <{included}>, a header of libc"
        elif first == "kernlens":
            pass
        elif public:
            yield f'core/{name}: a public header includes "{included}"'
        elif "/" not in included:
            yield f'core/{name}: "{included}" should name its floor'
        elif first not in FLOORS:
            yield f'core/{name}: includes "{included}", which is on no floor'
        elif FLOORS.index(first) > FLOORS.index(floor):
            yield f'core/{name}: includes "{included}", a higher floor'
    for line in CONDITION.findall(code):
        if line.strip() != "#ifdef __cplusplus":
            yield f"core/{name}: has a second configuration: {line.strip()}"
    for word in VERSION.findall(code):
        yield f"core/{name}: {word} smells of a version test: ask BTF or memory"


def findings(root):
    for file in sorted(root.glob("core/**/*.[ch]")):
        yield from core_findings(str(file.relative_to(root / "core")), file.read_text(encoding="utf-8"))


def main():
    root = Path(sys.argv[1])
    found = list(findings(root))
    for line in found:
        print(line)
    for file in sorted(root.glob("core/**/*.[ch]")):
        lines = file.read_text(encoding="utf-8").count("\n")
        if lines > ADVISED_LINES:
            print(f"advice: {file.relative_to(root)} has {lines} lines: is it still one idea?")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
