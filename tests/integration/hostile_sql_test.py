#!/usr/bin/env python3
"""Damaged dumps under SQL: whatever memory says, a query ends, in time and memory, with an answer or a reason.

hostile_sql_test.py GENERATE KERNLENS [DUMPS [FIRST]]
"""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile

SECONDS = 60  # for the program; its limits of queries are far below
ADDRESS_SPACE = int(os.environ.get("ADDRESS_SPACE", 3 << 30))  # bytes; 0: any (AddressSanitizer takes terabytes)
LIMITS = ["--time", "5", "--memory", "64", "--rows", "20000", "--quiet", "--format", "ndjson"]
JOIN = """SELECT t.pid, v.path, count(*) FROM tasks t JOIN vmas v ON v.tgid = t.tgid
          JOIN page_cache p ON p.device = v.device AND p.inode = v.inode GROUP BY 1, 2;
          SELECT a.pid, b.comm FROM tasks a JOIN tasks b ON b.pid = a.ppid;
          SELECT type_json('task_struct', address), symbol(mm), read_bytes(mm, 64) FROM tasks;"""


def damaged(dump, seed):
    """A copy in which some hundred words are pointers of its own, or small numbers, or large ones."""
    chance = random.Random(seed)
    copy = bytearray(dump)
    # Pointers into the direct map: objects are tied by them, and attaching needs few.
    words = [at for at in range(4096, len(copy) - 8, 8)
             if copy[at + 7] == 0xFF and copy[at + 6] == 0xFF and copy[at + 5] >> 4 == 8]
    for at in chance.sample(words, min(len(words), chance.choice((4, 32, 256)))):
        other = chance.choice(words)
        new = chance.choice((copy[other:other + 8], copy[at:at + 8], b"\0" * 8, b"\xff" * 8,
                             chance.randrange(1 << 16).to_bytes(8, "little")))
        copy[at:at + 8] = new
        if chance.random() < 0.3:  # a pointer to itself, or near
            copy[at] ^= 1 << chance.randrange(3, 8)
    return bytes(copy)


def bound():
    if ADDRESS_SPACE:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def ask(kernlens, dump, query):
    return subprocess.run([kernlens, "sql", dump, *LIMITS], input=query.encode(), capture_output=True, timeout=SECONDS,
                          preexec_fn=bound)


def trouble(ran):
    """Why this is no proper end, or None."""
    if ran.returncode not in (0, 1, 4):
        return f"exit {ran.returncode}: {ran.stderr[-500:]!r}"
    for line in ran.stdout.splitlines():
        try:
            json.loads(line)
        except ValueError:
            return f"not JSON: {line[:200]!r}"
    return None


def main():
    generate, kernlens = sys.argv[1:3]
    dumps = int(sys.argv[3]) if len(sys.argv) > 3 else 6
    first = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    shown = subprocess.run([kernlens, "help"], check=True, capture_output=True, text=True).stdout
    views = [line.split()[0] for line in shown.split("\nViews, for SQL\n")[1].split("\n\n")[0].splitlines()
             if line.startswith("  ") and not line.startswith("   ")]
    questions = [JOIN] + [f"SELECT * FROM {view};" for view in views]
    failed = answered = 0
    with tempfile.TemporaryDirectory() as folder:
        sample, dump = os.path.join(folder, "sample"), os.path.join(folder, "dump")
        subprocess.run([generate, "--machine", "demo", "--container", "raw", "-o", sample], check=True)
        with open(sample, "rb") as f:
            whole = f.read()
        for seed in range(first, first + dumps):
            with open(dump, "wb") as f:
                f.write(damaged(whole, seed))
            for question in questions:
                try:
                    ran = ask(kernlens, dump, question)
                    why = trouble(ran)
                    answered += ran.returncode != 1
                except subprocess.TimeoutExpired:
                    why = f"no end in {SECONDS} s"
                if why:
                    failed += 1
                    print(f"seed {seed}: {question[:60]}: {why}")
    print(f"{answered} questions of {dumps * len(questions)} were answered, {failed} ended badly")
    return 1 if failed or not answered else 0


if __name__ == "__main__":
    sys.exit(main())
