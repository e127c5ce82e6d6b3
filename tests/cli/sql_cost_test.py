"""What answers cost: conditions that are pushed, columns that are not asked for, rows that are kept."""

import json
import os
import re
import unittest

from program import ask, demo, generated, tables

COST = re.compile(r"stats: answer: reads=(\d+) bytes=(\d+) steps=(\d+) cpu_ms=([\d.]+)")
OPTIMISED = os.environ.get("OPTIMISED") == "yes"


def crowd():
    return generated("--machine", "crowd")[0]


def told(answer):
    assert answer.code in (0, 4), answer
    reads, read_bytes, steps, cpu = COST.search(answer.err).groups()
    return {"reads": int(reads), "bytes": int(read_bytes), "steps": int(steps), "cpu_ms": float(cpu)}


def cost(query, dump):
    return told(ask("sql", dump, query, "--stats", "--format", "csv"))


def reads(query, dump):
    return cost(query, dump)["reads"]


class Conditions(unittest.TestCase):
    def test_one_process_costs_what_it_takes_to_find_it_and_its_own_part(self):
        processes = 303
        finding = reads("SELECT 1 FROM tasks WHERE pid = 250", crowd())
        for table in ("vmas", "open_files", "environment", "mappings"):
            one = reads(f"SELECT * FROM {table} WHERE tgid = 250", crowd()) - finding
            whole = reads(f"SELECT * FROM {table}", crowd())
            self.assertLess(one, 3 * whole / processes + 10, table)

    def test_one_map_one_frame_one_file(self):
        [map_id, other] = json.loads(ask("sql", demo(), "SELECT id FROM bpf_maps WHERE entries > 0 LIMIT 2",
                                         "--format", "json").out)
        for table, condition, share in (("bpf_entries", f"map_id = {map_id['id']}", 0.7),
                                        ("page_cache", "pfn = 100", 0.05),
                                        ("bpf_maps", f"id = {other['id']}", 0.5)):
            one = reads(f"SELECT * FROM {table} WHERE {condition}", demo())
            self.assertLess(one, share * reads(f"SELECT * FROM {table}", demo()), (table, condition))

    def test_a_frame_is_found_without_its_files_being_walked(self):
        [row] = json.loads(ask("sql", crowd(), "SELECT * FROM page_cache WHERE path LIKE '%crowd-5.so' LIMIT 1",
                               "--format", "json").out)
        answer = ask("sql", crowd(), f"SELECT * FROM page_cache WHERE pfn = {row['pfn']}", "--stats", "--format", "json")
        self.assertEqual(json.loads(answer.out), [row])
        self.assertLess(told(answer)["reads"], 200)
        # A frame of no file, one that memory does not have, one past any.
        self.assertEqual(ask("sql", crowd(), "SELECT pfn FROM page_cache WHERE pfn IN (0, 99999999, -1)",
                             "--format", "json").out.strip(), "[]")


class Columns(unittest.TestCase):
    # Those of which one column costs as much as all: what is read finds the row.
    SAME = {"bpf_instructions", "mappings", "page_users", "environment"}

    def test_what_is_not_asked_for_is_not_read(self):
        for table, columns in tables().items():
            first = columns[0]["column"]
            one, whole = reads(f"SELECT {first} FROM {table}", demo()), reads(f"SELECT * FROM {table}", demo())
            self.assertLessEqual(one, whole, table)
            if table in ("tasks", "vmas", "open_files", "inodes", "page_cache", "bpf_maps", "bpf_programs", "modules"):
                self.assertLess(one, whole, table)

    def test_counting_rows_reads_no_more_than_one_column(self):
        for table in ("tasks", "vmas", "inodes"):
            self.assertLessEqual(reads(f"SELECT count(*) FROM {table}", crowd()),
                                 reads(f"SELECT comm FROM {table}" if table != "inodes" else "SELECT inode FROM inodes",
                                       crowd()), table)


JOIN = """SELECT t.pid, t.comm, v.path, count(*) AS pages FROM tasks t JOIN vmas v ON v.tgid = t.tgid
          JOIN page_cache p ON p.device = v.device AND p.inode = v.inode GROUP BY t.pid, v.path"""


class Joins(unittest.TestCase):
    def test_tasks_vmas_and_page_cache_over_300_processes(self):
        answer = ask("sql", crowd(), JOIN, "--stats", "--format", "json")
        rows = json.loads(answer.out)
        libraries = [row for row in rows if row["path"].startswith("/usr/lib/libcrowd-")]
        # As it was built: 303 processes with 8 libraries of 96 pages each; one has three threads.
        self.assertEqual(len(libraries), 8 * 305)
        self.assertEqual({row["pages"] for row in libraries}, {96})
        spent = told(answer)
        # What it costs at its best: a machine that does other things, too, adds to it.
        least, again = spent["cpu_ms"], 0
        while (slow := least >= (300 if OPTIMISED else 3000)) and again < 8:
            least, again = min(least, told(ask("sql", crowd(), JOIN, "--stats"))["cpu_ms"]), again + 1
        self.assertFalse(slow, f"{least} ms of CPU")
        parts = sum(reads(f"SELECT * FROM {table}", crowd()) for table in ("tasks", "vmas", "page_cache"))
        self.assertLess(spent["reads"], 3 * parts)

    def test_kept_rows_are_the_table_s(self):
        # The same question with and without an equality that can be kept.
        for kept, plain in (
                ("SELECT a.pid, b.pid FROM tasks a JOIN tasks b ON b.comm = a.comm",
                 "SELECT a.pid, b.pid FROM tasks a JOIN tasks b ON +b.comm = a.comm"),
                ("SELECT v.tgid, v.start, f.fd FROM vmas v JOIN open_files f ON f.tgid = v.tgid AND f.fd > 0",
                 "SELECT v.tgid, v.start, f.fd FROM vmas v JOIN open_files f ON +f.tgid = v.tgid AND f.fd > 0"),
                ("SELECT s.name, x.address FROM (SELECT name FROM symbols LIMIT 300) s JOIN symbols x ON x.name = s.name",
                 "SELECT s.name, x.address FROM (SELECT name FROM symbols LIMIT 300) s JOIN symbols x ON +x.name = s.name"),
                ("SELECT t.pid, (SELECT count(*) FROM vmas v WHERE v.tgid = t.pid) AS n FROM tasks t",
                 "SELECT t.pid, (SELECT count(*) FROM vmas v WHERE +v.tgid = t.pid) AS n FROM tasks t")):
            answers = [sorted(ask("sql", demo(), query, "--format", "csv").out.splitlines()[1:])
                       for query in (kept, plain)]
            self.assertTrue(answers[0])
            self.assertEqual(answers[0], answers[1], kept)

    def test_what_grows_is_not_kept(self):
        query = "SELECT count(*) AS n FROM tasks t JOIN diagnostics d ON d.subject = 'nothing'"
        self.assertEqual(json.loads(ask("sql", demo(), query, "--format", "json").out), [{"n": 0}])


if __name__ == "__main__":
    unittest.main()
