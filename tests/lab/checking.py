"""What the checks share: a guest with its truth, kernlens' tables of it, and a report.

A check is a file in checks/ with a function check(guest, report). It gets rows from kernlens by
guest.rows(TABLE), what the guest said by guest.truth(PATH), and says report.equal(...) as often as
it likes. Text is bytes throughout: nothing else compares names that are no UTF-8.
"""

import functools
import json
import os
import re
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[2] / "build" / "kernlens"
ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|\\)")


class Skip(Exception):
    """Raised by a check that does not apply to this guest."""


def to_bytes(cell):
    r"""The bytes of a text cell: \xNN is a byte that is no UTF-8, \\ a backslash."""
    if cell is None:
        return None
    out, at = b"", 0
    for escape in ESCAPE.finditer(cell):
        out += cell[at:escape.start()].encode() + (bytes.fromhex(escape[1]) if escape[1] else b"\\")
        at = escape.end()
    return out + cell[at:].encode()


def to_int(cell):
    """The number of an address cell."""
    return None if cell is None else int(cell, 16)


class Report:
    def __init__(self):
        self.passed = 0
        self.failures = []

    def fail(self, message):
        self.failures.append(message)

    def true(self, condition, message):
        if condition:
            self.passed += 1
        else:
            self.fail(message)

    def equal(self, got, wanted, what):
        """got is what kernlens says, wanted what the guest said."""
        self.true(got == wanted, f"{what}: {got!r}, but the guest says {wanted!r}")


class Guest:
    def __init__(self, name, directory, dump="memory.elf"):
        self.name = name
        self.directory = Path(directory)
        self.dump = self.directory / dump
        self.facts = json.loads((self.directory / "guest.json").read_text())

    @functools.cached_property
    def page_size(self):
        return self.facts["page_size"]

    def truth(self, path):
        """Bytes of a file of the guest, or None if it has none."""
        try:
            return (self.directory / "truth" / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def truth_names(self, path):
        """Names in a directory of the guest."""
        directory = self.directory / "truth" / path
        return sorted(os.listdir(directory)) if directory.is_dir() else []

    def workload(self, part):
        """The facts a part of the workload stated, as dicts."""
        text = self.truth(f"workload/{part}.jsonl") or b""
        return [json.loads(line) for line in text.decode().splitlines()]

    def run(self, *arguments):
        """What kernlens prints, and its exit status."""
        program = os.environ.get("KERNLENS", PROGRAM)
        done = subprocess.run([program, *map(str, arguments)], capture_output=True)
        return done.stdout, done.returncode, done.stderr.decode(errors="replace")

    def rows(self, table, *constraints, columns=None, partial=False):
        """Rows of a table as dicts. partial: an answer cut short is an answer too."""
        arguments = [table, self.dump, *constraints, "--format", "ndjson", "--quiet"]
        if columns:
            arguments += ["--columns", ",".join(columns)]
        out, status, error = self.run(*arguments)
        if status != 0 and not (partial and status == 4):
            raise RuntimeError(f"kernlens {table} exits {status}: {error.strip()}")
        return [json.loads(line) for line in out.splitlines()]

    def has_table(self, table):
        return self.run("help", table)[1] == 0
