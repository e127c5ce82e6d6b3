"""The manual: every table, column and view is in it, and what it shows as an example answers."""

import json
import re
import shlex
import unittest

from program import ask, demo, tables

# Tables of which the sample machine has nothing, and why.
EMPTY = {
    "diagnostics": "nothing of it is lost before a table is read",
    "cgroups": "it has no control groups",
    "netfilter_hooks": "nothing looks at its packets",
    "vmalloc_areas": "its vmalloc area has no list",
    "bpf_links": "its program is attached to nothing",
    "bpf_btfs": "its programs have no types of their own",
    "bpf_arena_pages": "it has no arena",
    "syscall_table": "its example asks for disagreement, and all is as it should be",
    "interrupt_table": "its example asks for disagreement, and all is as it should be",
    "hidden_modules": "its example asks for disagreement, and all is where it should be",
    "hidden_tasks": "its example asks for disagreement, and all is where it should be",
}


def examples(table):
    """The commands that help shows, as lists of words."""
    lines = ask("help", table).out.split("\nExamples\n")[1].splitlines()
    return [shlex.split(line.strip())[1:] for line in lines if line.strip()]


def views():
    shown = ask("help").out.split("\nViews, for SQL\n")[1].split("\n\n")[0]
    return re.findall(r"^  (\w+)", shown, re.MULTILINE)


class Tables(unittest.TestCase):
    def test_examples_answer_on_the_sample(self):
        for table in tables():
            shown = examples(table)
            self.assertTrue(shown, table)
            for words in shown:
                self.assertEqual(words[0], table)
                words = [str(demo()) if word == "DUMP" else word for word in words]
                answer = ask(*words, *([] if "--format" in words else ["--format", "json"]))
                self.assertIn(answer.code, (0, 4), answer)
                self.assertTrue(json.loads(answer.out or "[]") or table in EMPTY, answer)

    def test_tables_and_columns_are_in_help_and_the_manual_page(self):
        page = re.sub(r"\\f.|\\&", "", ask("man").out).replace("\\-", "-").replace("\\e", "\\")
        for table, columns in tables().items():
            section = page.split(f".SS {table}\n")[1].split(".SS ")[0]
            help_page = " ".join(ask("help", table).out.split())
            for column in columns:
                self.assertTrue(column["doc"])
                self.assertIn(f"{column['column']}\n{column['doc']}", section)
                self.assertIn(" ".join(column["doc"].split()), help_page)
            self.assertIn("Example:\nkernlens " + table, section)

    def test_no_reason_is_given_twice_or_for_nothing(self):
        self.assertLessEqual(set(EMPTY), set(tables()))


class Views(unittest.TestCase):
    def test_views_answer_and_are_in_the_manual(self):
        page = re.sub(r"\\f.", "", ask("man").out)
        self.assertGreater(len(views()), 8)
        for view in views():
            answer = ask("sql", demo(), f"SELECT * FROM {view} LIMIT 10", "--format", "json")
            self.assertIn(answer.code, (0, 4), answer)
            self.assertIn(f"\n{view}\n", page)
            shown = ask("help", view)
            self.assertEqual(shown.code, 0, shown)
            if "\nExample\n" in shown.out:
                query = " ".join(shown.out.split("\nExample\n")[1].split())
                self.assertIn(ask("sql", demo(), query).code, (0, 4), query)

    def test_views_say_what_their_tables_say(self):
        def rows(query):
            return json.loads(ask("sql", demo(), query, "--format", "json").out)
        areas = rows("SELECT * FROM vmas")
        self.assertEqual([area["start"] for area in rows("SELECT start FROM anonymous_executable")],
                         [area["start"] for area in areas
                          if area["permissions"][2] == "x" and area["inode"] is None])
        # An area whose file is known is none, whatever it is called.
        self.assertTrue([area for area in areas if area["permissions"][2] == "x"])
        users = rows("SELECT pfn, tgid FROM page_users")
        by_frame = {}
        for user in users:
            by_frame.setdefault(user["pfn"], set()).add(user["tgid"])
        expected = {(a, b, pfn) for pfn, tgids in by_frame.items() for a in tgids for b in tgids if a != b}
        self.assertEqual({(row["tgid"], row["other_tgid"], row["pfn"])
                          for row in rows("SELECT * FROM shared_pages")}, expected)
        self.assertTrue(expected)
        self.assertEqual(rows("SELECT * FROM tasks_seen_one_way"), [])
        cached = rows("SELECT cached_bytes FROM files_by_cached_bytes")
        self.assertEqual(sum(row["cached_bytes"] for row in cached), 4096 * len(rows("SELECT pfn FROM page_cache")))


if __name__ == "__main__":
    unittest.main()
