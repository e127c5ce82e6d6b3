"""The program itself on a real guest: every table answers, formats agree, addresses lead to bytes."""

import csv
import io
import json
import unicodedata

from checking import to_int

ROWS = 200
ANSWERED = (0, 4)       # a live machine's dump may have gaps; the tables' own checks say where


def spelled(value):
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def check_formats(guest, report):
    out, _, _ = guest.run("tables", "--format", "json")
    for table in dict.fromkeys(row["table"] for row in json.loads(out)):
        def ask(form):
            out, status, error = guest.run(table, guest.dump, "--format", form, "--limit", ROWS, "--quiet")
            report.true(status in ANSWERED, f"{table} --format {form} exits {status}: {error}")
            return out.decode()
        rows = json.loads(ask("json"))
        report.equal([json.loads(line) for line in ask("ndjson").split("\n")[:-1]], rows, f"{table}: NDJSON and JSON")
        header, *records = csv.reader(io.StringIO(ask("csv"), newline=""))
        report.equal(records, [[spelled(row[name]) for name in header] for row in rows], f"{table}: CSV and JSON")
        lines = ask("table").split("\n")[:-1]
        report.true(table == "kernel" or len(lines) == len(rows) + 1, f"{table}: lines and rows differ")
        acting = {c for line in lines for c in line if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        report.equal(acting, set(), f"{table}: characters that act on a terminal")


def check_addresses(guest, report):
    banner = guest.truth("proc/version").rstrip(b"\n")
    [kernel] = guest.rows("kernel")
    out, status, _ = guest.run("read", guest.dump, "linux_banner", 14, "--raw")
    report.equal((out, status), (b"Linux version ", 0), f"linux_banner of {banner[:40]!r}")
    out, _, _ = guest.run("translate", guest.dump, kernel["image_base"], "--format", "json")
    report.equal(json.loads(out)[0]["physical"], kernel["image_phys"], "the image by its page tables")
    out, _, _ = guest.run("struct", guest.dump, "task_struct.comm", "init_task")
    report.true(b'"swapper/0"' in out, f"init_task's comm is {out!r}")


def check_process(guest, report):
    """A process's memory by --pid: its command line lies where its mm says."""
    for task in guest.rows("tasks", columns=["pid", "tgid", "mm", "kind"], partial=True):
        told = guest.truth(f"proc/{task['pid']}/cmdline")
        if task["kind"] != "user" or task["pid"] != task["tgid"] or not told or to_int(task["mm"]) is None:
            continue
        out, status, error = guest.run("struct", guest.dump, "mm_struct.arg_start", task["mm"], "--format", "json")
        if status != 0:
            report.fail(f"mm_struct.arg_start of {task['pid']}: {error}")
            continue
        start = json.loads(out)
        start = int(start, 0) if isinstance(start, str) else start
        out, status, _ = guest.run("read", guest.dump, start, len(told), "--raw", "--pid", task["pid"])
        if status == 0:         # a page of it may be swapped out
            report.equal(out, told, f"arguments of {task['pid']}")


def check_limits(guest, report):
    out, status, error = guest.run("tasks", guest.dump, "--steps", 3)
    report.true(status == 4 and "budget" in error, f"3 steps: exit {status}, {error!r}")


def check(guest, report):
    check_formats(guest, report)
    check_addresses(guest, report)
    check_process(guest, report)
    check_limits(guest, report)
