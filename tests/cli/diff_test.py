"""kernlens diff: a synthetic guest against itself, with what a later dump of it would have changed."""

import csv
import io
import json
import shutil
import unittest

from program import ask, demo, generated, scratch, tables


def rows(*args):
    return [json.loads(line) for line in ask(*args, "--format", "ndjson", "--quiet").out.splitlines()]


def place(dump, type_name, member, address):
    """Where the file has a member of an object."""
    found = rows("members", dump, f"type={type_name}", f"name={member}")[0]
    field = int(address, 16) + found["offset_bits"] // 8
    return rows("translate", dump, hex(field))[0]["file_offset"]


class Diff(unittest.TestCase):
    def setUp(self):
        self.dump = generated("--machine", "demo", "--container", "elf")[0]
        self.later = scratch() / f"{self.id()}.dump"
        shutil.copy(self.dump, self.later)
        self.processes = {row["pid"]: row for row in rows("tasks", self.dump) if row["pid"] == row["tgid"]}

    def write(self, type_name, member, address, value):
        with open(self.later, "r+b") as file:
            file.seek(place(self.dump, type_name, member, address))
            file.write(value)

    def diff(self, *args):
        answer = ask("diff", self.dump, self.later, *args, "--format", "ndjson")
        self.assertIn(answer.code, (0, 4), answer)  # 4: what these guests do not have, and that is said
        return [json.loads(line) for line in answer.out.splitlines()]

    def task(self):
        """A process that is not the first."""
        return next(row for pid, row in sorted(self.processes.items()) if pid > 1 and row["kind"] == "user")

    def test_a_dump_does_not_differ_from_itself(self):
        for name in sorted(tables()):
            with self.subTest(name):
                answer = ask("diff", self.dump, self.later, name, "--format", "csv")
                self.assertIn(answer.code, (0, 4), answer)
                self.assertEqual(answer.out.splitlines()[1:], [], answer)

    def test_another_container_of_the_same_memory_is_the_same_guest(self):
        other = generated("--machine", "demo", "--container", "kdump")[0]
        answer = ask("diff", self.dump, other, "tasks", "--format", "csv")
        self.assertEqual((answer.code in (0, 4), len(answer.out.splitlines())), (True, 1), answer)

    def test_what_changed_is_told_as_it_was_and_as_it_is(self):
        task = self.task()
        self.write("task_struct", "comm", task["address"], b"renamed\0")
        was, now = self.diff("tasks", "--columns", "comm,ppid")
        self.assertEqual(list(was), ["change", "pid", "tgid", "start_time_ns", "comm", "ppid"])
        self.assertEqual((was["change"], was["comm"]), ("was", task["comm"]))
        self.assertEqual((now["change"], now["comm"]), ("is", "renamed"))
        self.assertEqual((was["pid"], now["pid"]), (task["pid"], task["pid"]))

    def test_columns_that_are_not_shown_are_not_compared(self):
        self.write("task_struct", "comm", self.task()["address"], b"renamed\0")
        self.assertEqual(self.diff("tasks", "--columns", "pid,ppid"), [])

    def test_another_identity_is_another_row(self):
        task = self.task()
        self.write("task_struct", "pid", task["address"], (3999).to_bytes(4, "little"))
        found = {row["change"]: row["pid"] for row in self.diff("tasks", "--columns", "pid,comm")}
        self.assertEqual(found, {"added": 3999, "removed": task["pid"]})

    def test_conditions_and_limits_hold_for_both(self):
        task = self.task()
        self.write("task_struct", "comm", task["address"], b"renamed\0")
        self.assertEqual(len(self.diff("tasks", f"pid={task['pid']}")), 2)
        self.assertEqual(self.diff("tasks", "pid=1"), [])
        self.assertEqual(len(self.diff("tasks", "--limit", "1")), 1)

    def test_every_format(self):
        self.write("task_struct", "comm", self.task()["address"], b"renamed\0")
        args = ("diff", self.dump, self.later, "tasks", "--columns", "pid,comm")
        array = json.loads(ask(*args, "--format", "json").out)
        self.assertEqual([row["change"] for row in array], ["was", "is"])
        lines = list(csv.DictReader(io.StringIO(ask(*args, "--format", "csv").out)))
        self.assertEqual([row["comm"] for row in lines], [row["comm"] for row in array])
        self.assertIn("renamed", ask(*args).out)

    def test_other_kernels_and_other_boots_are_refused(self):
        other = generated("--machine", "demo", "--era", "1")[0]
        answer = ask("diff", self.dump, other, "tasks")
        self.assertEqual((answer.code, answer.out), (1, ""), answer)
        self.assertIn("not dumps of one boot", answer.err)
        self.assertIn("release", answer.err)
        start = self.processes[1]["start_time_ns"] + 1
        for member in ("start_boottime", "start_time"):
            self.write("task_struct", member, self.processes[1]["address"], start.to_bytes(8, "little"))
        answer = ask("diff", self.dump, self.later, "tasks")
        self.assertEqual(answer.code, 1, answer)
        self.assertIn("start_time_ns", answer.err)

    def test_what_is_wrong_is_said(self):
        for args, code, word in [
            (("diff", self.dump), 2, "usage"),
            (("diff", self.dump, self.later), 2, "usage"),
            (("diff", self.dump, self.later, "taks"), 2, "did you mean tasks"),
            (("diff", self.dump, self.later, "tasks", "--columns", "comm,nam"), 2, "nam"),
            (("diff", self.dump, self.later, "tasks", "nonsense"), 2, "no condition"),
            (("diff", self.dump, "/nowhere/at/all", "tasks"), 1, "/nowhere/at/all"),
            (("diff", self.dump, self.later, "tasks", "--part", self.later), 2, "--part"),
        ]:
            with self.subTest(args[1:]):
                answer = ask(*args)
                self.assertEqual((answer.code, answer.out), (code, ""), answer)
                self.assertIn(word, answer.err)

    def test_a_walk_that_is_cut_short_is_said_of_the_dump_it_was_in(self):
        answer = ask("diff", self.dump, self.later, "tasks", "--steps", "3")
        self.assertEqual(answer.code, 4, answer)
        self.assertIn("in part", answer.err)


if __name__ == "__main__":
    unittest.main()
