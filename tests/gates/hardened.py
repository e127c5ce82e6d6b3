#!/usr/bin/env python3
"""What hardening a program lacks, as its file tells. Control-flow protection is not asked for: it
needs a libc that is built with it, which Debian's is not.

    hardened.py PROGRAM
"""

import subprocess
import sys


def findings(program):
    listing = subprocess.run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic", "--notes",
                              "--dyn-syms", program], check=True, capture_output=True, text=True).stdout
    lines = listing.splitlines()

    def any_line(*words):
        return any(all(word in line for word in words) for line in lines)

    if not any_line("Type:", "DYN") or not any_line("FLAGS_1", "PIE"):
        yield "is not position independent"
    if not any_line("GNU_RELRO"):
        yield "has no read-only relocations"
    if not any_line("BIND_NOW") and not any_line("FLAGS_1", "NOW"):
        yield "binds functions late, so that its table of them stays writable"
    if any_line("GNU_STACK", "RWE") or not any_line("GNU_STACK"):
        yield "has an executable stack"
    if any_line("LOAD", "RWE"):
        yield "has memory that is writable and executable"
    if not any_line("__stack_chk_fail"):
        yield "has no stack protector"
    if not any_line("_chk@"):
        yield "is built without _FORTIFY_SOURCE"


def main():
    found = list(findings(sys.argv[1]))
    print("\n".join(f"{sys.argv[1]} {line}" for line in found) or f"{sys.argv[1]}: nothing is missing")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
