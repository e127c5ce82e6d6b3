"""One answer in four formats: they must say the same."""

import csv
import datetime
import io
import json
import re
import subprocess
import unicodedata
import unittest

from program import KERNLENS, ask, demo, tables


def escape(c):
    if c in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[c]
    if unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp"):
        return c
    return f"\\x{ord(c):02x}" if ord(c) < 128 else f"\\u{ord(c):04x}" if ord(c) < 65536 else f"\\U{ord(c):08x}"


def shown(value, kind):
    """A JSON value as the table format prints it: the rules, written a second time."""
    if value is None:
        return ("-", "?")
    if kind == "bool":
        return ("true" if value else "false",)
    if kind == "time":
        try:
            t = datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
            return (t.strftime("%Y-%m-%dT%H:%M:%SZ"),)
        except (OverflowError, ValueError):
            return (str(value),)
    if kind != "text":
        return (str(value),)
    # JSON text has \xNN for what is not UTF-8 already; here what is hidden is escaped too.
    return ("".join(escape(c) for c in value),)


def as_csv(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Formats(unittest.TestCase):
    def rows(self, table, form, *more):
        answer = ask(table, demo(), "--format", form, *more)
        self.assertIn(answer.code, (0, 4), answer)
        return answer

    def check(self, table, columns):
        whole = self.rows(table, "json", "--limit", "300")
        rows = json.loads(whole.out)
        lines = self.rows(table, "ndjson", "--limit", "300").out
        self.assertEqual([json.loads(l) for l in lines.split("\n")[:-1]], rows)
        self.assertTrue(not lines or lines.endswith("\n"))

        text = self.rows(table, "csv", "--limit", "300").bytes.decode()
        self.assertEqual(text.count("\r\n") >= len(rows) + 1, True)
        header, *records = csv.reader(io.StringIO(text, newline=""))
        self.assertEqual(header, [c["column"] for c in columns if not c["hidden"]])
        self.assertEqual(records, [[as_csv(r[name]) for name in header] for r in rows])

        for column in columns:
            if not column["hidden"]:
                self.check_table_column(table, column, rows)

    def check_table_column(self, table, column, rows):
        name = column["column"]
        out = self.rows(table, "table", "--columns", name, "--limit", "300").out
        if table == "kernel":  # upright
            self.assertIn(out, [f"{name}  {s}\n" for s in shown(rows[0][name], column["kind"])])
            return
        header, *lines = out.split("\n")[:-1]
        self.assertEqual(header.strip(), name)
        self.assertEqual(len(lines), len(rows))
        for line, row in zip(lines, rows):
            self.assertIn(line.strip(" "), [s.strip(" ") for s in shown(row[name], column["kind"])])

    def test_every_table_says_the_same_in_each_format(self):
        known = tables()
        self.assertIn("segments", known)
        for table, columns in known.items():
            with self.subTest(table=table):
                self.check(table, columns)

    def test_values_have_the_json_type_of_their_kind(self):
        types = {"u64": int, "i64": int, "bool": bool, "address": str, "text": str, "bytes": str, "duration": int,
                 "time": int}
        for table, columns in tables().items():
            for row in json.loads(self.rows(table, "json", "--limit", "100").out):
                for column in columns:
                    value = row.get(column["column"])
                    if value is None:
                        continue
                    self.assertIs(type(value), types[column["kind"]], (table, column["column"], value))
                    if column["kind"] == "address":
                        self.assertRegex(value, r"^0x[0-9a-f]{16}$")
                    if column["kind"] == "bytes":
                        self.assertRegex(value, r"^([0-9a-f]{2})*$")

    def test_columns_come_in_the_order_asked(self):
        out = ask("segments", demo(), "--columns", "state,start", "--format", "csv").out
        self.assertTrue(out.startswith("state,start\r\n"), out)

    def test_limit(self):
        for n in (0, 1, 2):
            rows = json.loads(ask("types", demo(), "--limit", n, "--format", "json").out)
            self.assertEqual(len(rows), n)

    def test_no_rows_are_an_answer(self):
        none = ask("segments", demo(), "start=0x123", "--format", "json")
        self.assertEqual((none.code, json.loads(none.out)), (0, []))
        self.assertEqual(ask("segments", demo(), "start=0x123", "--format", "ndjson").out, "")
        self.assertEqual(ask("segments", demo(), "start=0x123", "--columns", "end", "--format", "csv").out, "end\r\n")
        self.assertEqual(ask("segments", demo(), "start=0x123", "--columns", "end").out, "end\n")

    def test_numbers_are_right_aligned_and_text_left(self):
        lines = ask("types", demo(), "--columns", "id,name,bytes", "--limit", "100").out.splitlines()
        widths = {len(line) for line in lines if line.split()[-1].isdigit()}
        self.assertEqual(len(widths), 1, lines[:20])
        column = lines[0].index("name")
        for line in lines[1:]:
            self.assertEqual(line[column - 1], " ")
            self.assertNotEqual(line[column], " ")

    def test_a_condition_takes_what_json_prints(self):
        rows = json.loads(ask("symbols", demo(), "--format", "json", "--limit", "40").out)
        for row in rows[:40:7]:
            found = json.loads(ask("symbols", demo(), f"name={row['name']}", f"address={row['address']}", "--format",
                                   "json").out)
            self.assertIn(row, found)


class Summary(unittest.TestCase):
    def test_text_and_json_agree(self):
        text, data = ask(demo()), ask(demo(), "--format", "json")
        self.assertIn(text.code, (0, 4), text)  # 4: the synthetic guest has no BPF
        self.assertEqual(text.code, data.code, data)
        facts = json.loads(data.out)
        self.assertRegex(text.out, rf"(?m)^release +{re.escape(facts['release'])}$")
        self.assertRegex(text.out, rf"(?m)^page_table_root +{facts['page_table_root']}$")
        self.assertEqual(facts["memory"]["held_bytes"] + facts["memory"]["zero_bytes"]
                         + facts["memory"]["filtered_bytes"], facts["memory_bytes"])


class Writing(unittest.TestCase):
    def test_a_full_disk_is_said(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([KERNLENS, "types", demo()], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_a_closed_output_is_said(self):
        done = subprocess.run([KERNLENS, "types", demo()], stderr=subprocess.PIPE, text=True,
                              preexec_fn=lambda: __import__("os").close(1))
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write", done.stderr)

    def test_a_reader_that_leaves_is_no_error_to_speak_of(self):
        for restore in (True, False):  # with SIGPIPE as usual, and ignored
            program = subprocess.Popen([KERNLENS, "members", demo()], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       restore_signals=restore)
            program.stdout.read(10)
            program.stdout.close()
            err = program.stderr.read()
            self.assertIn(program.wait(timeout=60), (-13, 0) if restore else (1, 0))
            self.assertEqual(err, b"")
            program.stderr.close()


if __name__ == "__main__":
    unittest.main()
