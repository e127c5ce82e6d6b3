"""Running the program under test, and the dumps that it is shown."""

import functools
import json
import os
import pathlib
import subprocess
import tempfile

KERNLENS = os.environ["KERNLENS"]
GENERATE = os.environ["GENERATE"]


class Answer:
    def __init__(self, args, done):
        self.args, self.code = args, done.returncode
        self.bytes, self.err = done.stdout, done.stderr.decode()

    @property
    def out(self):
        """Text: whatever the guest holds, what is printed of it is UTF-8."""
        return self.bytes.decode()

    def __str__(self):
        command = " ".join(map(str, self.args))
        return f"kernlens {command}\n-> {self.code}\n{self.bytes[-2000:].decode(errors='replace')}\n{self.err[-2000:]}"


def ask(*args, **options):
    """Runs kernlens; never hangs, never inherits a terminal."""
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | options.pop("environment", {})
    done = subprocess.run([KERNLENS, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          env=environment, **options)
    return Answer(args, done)


@functools.cache
def scratch():
    """A folder that lives as long as the tests."""
    folder = tempfile.TemporaryDirectory(prefix="kernlens-cli-")
    scratch.keep = folder
    return pathlib.Path(folder.name)


@functools.cache
def generated(*options):
    """A synthetic guest: the dump, and what it holds."""
    name = "-".join(o.strip("-") for o in options)
    dump, truth = scratch() / f"{name}.dump", scratch() / f"{name}.json"
    subprocess.run([GENERATE, *options, "-o", dump, "--truth", truth], check=True, stdout=subprocess.DEVNULL)
    return dump, json.loads(truth.read_text())


def demo():
    return generated("--machine", "demo")[0]


def tables():
    """{table: [its columns as `kernlens tables` describes them]}"""
    rows = json.loads(ask("tables", "--format", "json").out)
    found = {}
    for row in rows:
        found.setdefault(row["table"], []).append(row)
    return found
