"""sql: the same rows as the tables, functions that look into memory, and nothing but reading."""

import json
import unittest

from program import ask, demo, generated, tables


def rows(query, *args):
    answer = ask("sql", demo(), query, "--format", "json", *args)
    assert answer.code in (0, 4), answer
    return json.loads(answer.out)


def whole(table, *conditions):
    answer = ask(table, demo(), *conditions, "--format", "json")
    assert answer.code in (0, 4), answer
    return json.loads(answer.out)


class SameRows(unittest.TestCase):
    def test_every_table_is_there_with_its_columns(self):
        for table, columns in tables().items():
            answer = ask("sql", demo(), f"SELECT * FROM \"{table}\" LIMIT 1", "--format", "csv")
            self.assertIn(answer.code, (0, 4), answer)
            shown = answer.out.splitlines()[0].split(",") if answer.out else []
            self.assertTrue(set(shown) <= {column["column"] for column in columns}, (table, shown))

    def test_rows_are_those_of_the_table(self):
        for table in ("tasks", "modules", "kernel", "segments"):
            self.assertEqual(rows(f"SELECT * FROM {table}"), [
                {name: int(value) if isinstance(value, bool) else value for name, value in row.items()}
                for row in whole(table)], table)

    def test_conditions_pick_what_the_table_picks(self):
        tasks = whole("tasks")
        pid = tasks[len(tasks) // 2]["pid"]
        self.assertEqual(rows(f"SELECT pid FROM tasks WHERE pid = {pid}"), [{"pid": pid}])
        self.assertEqual(rows(f"SELECT count(*) AS n FROM tasks WHERE pid > {pid}"),
                         [{"n": sum(task["pid"] > pid for task in tasks)}])
        self.assertEqual(rows("SELECT pid FROM tasks WHERE pid = 'no number'"), [])
        self.assertEqual(rows("SELECT pid FROM tasks WHERE pid = NULL"), [])
        self.assertEqual(rows("SELECT pid FROM tasks WHERE comm = 'no such name'"), [])
        comm = tasks[0]["comm"]
        self.assertEqual(rows(f"SELECT pid FROM tasks WHERE comm = '{comm}'"),
                         [{"pid": task["pid"]} for task in tasks if task["comm"] == comm])

    def test_an_address_is_asked_for_as_text_or_number(self):
        task = next(task for task in whole("tasks"))
        number = int(task["address"], 16) - (1 << 64)  # SQL's integers are signed
        for spelled in (f"'{task['address']}'", number, f"addr({number})"):
            self.assertEqual(rows(f"SELECT pid FROM tasks WHERE address = {spelled}"), [{"pid": task["pid"]}])

    def test_joins(self):
        threads = rows("SELECT l.pid, count(*) AS n FROM tasks l JOIN tasks t ON t.tgid = l.pid "
                       "WHERE l.pid = l.tgid GROUP BY 1")
        self.assertEqual({row["pid"]: row["n"] for row in threads},
                         {task["pid"]: task["threads"] for task in whole("tasks") if task["pid"] == task["tgid"]})


class Functions(unittest.TestCase):
    def test_they_agree_with_the_commands(self):
        truth = generated("--machine", "demo")[1]["kernel"][0]
        base = truth["image_base"]
        [row] = rows(f"SELECT phys('{base}') AS p, read_bytes('{base}', 8) AS b, addr(4096) AS a, phys('0x0') AS n")
        self.assertEqual((row["p"], row["a"], row["n"]), (truth["image_phys"], "0x0000000000001000", None))
        read = json.loads(ask("read", demo(), base, "8", "--format", "json").out)
        self.assertEqual(row["b"], "".join(line["bytes"] for line in read))

    def test_symbols_and_types(self):
        [row] = rows("SELECT symbol(address) AS s, type_json('task_struct.pid', address) AS v FROM symbols "
                     "WHERE name = 'init_task' AND type = 'D'")
        self.assertEqual((row["s"], json.loads(row["v"])), ("init_task", 0))

    def test_regexp_is_bounded(self):
        self.assertEqual(rows("SELECT 'abc' REGEXP '^a.c$' AS yes, 'abd' REGEXP 'c' AS no, NULL REGEXP 'a' AS n"),
                         [{"yes": 1, "no": 0, "n": None}])
        answer = ask("sql", demo(), f"SELECT '{'a' * 60}!' REGEXP '^(a+)+$'")
        self.assertEqual((answer.code, answer.out), (1, ""))
        self.assertIn("too long", answer.err)
        self.assertEqual(ask("sql", demo(), "SELECT 'a' REGEXP '('").code, 1)


class OnlyReading(unittest.TestCase):
    def test_nothing_can_be_written_or_reached(self):
        for query in ("CREATE TABLE x(y)", "CREATE TEMP TABLE x(y)", "CREATE VIEW v AS SELECT 1", "DROP VIEW processes",
                      "DELETE FROM tasks", "INSERT INTO tasks(pid) VALUES (1)", "UPDATE tasks SET pid = 1",
                      "ATTACH '/tmp/kernlens-attached' AS a", "VACUUM INTO '/tmp/kernlens-vacuumed'",
                      "SELECT load_extension('x')", "PRAGMA journal_mode = WAL", "PRAGMA writable_schema = 1",
                      "CREATE VIRTUAL TABLE x USING tasks", "BEGIN", "ANALYZE"):
            answer = ask("sql", demo(), query)
            self.assertEqual((answer.code, answer.out), (1, ""), query)
            self.assertEqual(answer.err.count("\n"), 1, answer)

    def test_json_is_read(self):
        self.assertEqual(rows("SELECT sum(value) AS s FROM json_each('[1, 2, 4]')"), [{"s": 7}])
        self.assertEqual(ask("sql", demo(), "SELECT count(*) FROM sqlite_dbpage").code, 1)

    def test_describing_is_allowed(self):
        names = {row["name"] for row in rows("PRAGMA table_xinfo(tasks)")}
        self.assertIn("command_line", names)

    def test_errors_are_one_line(self):
        for query in ("SELECT", "SELECT nosuch FROM tasks", "SELECT * FROM nosuch", "SELECT 1 FROM tasks WHERE ("):
            answer = ask("sql", demo(), query)
            self.assertEqual((answer.code, answer.err.count("\n")), (1, 1), answer)

    def test_memory_is_bounded(self):
        answer = ask("sql", demo(), "SELECT length(zeroblob(2000000000))")
        self.assertEqual(answer.code, 1, answer)


class Output(unittest.TestCase):
    def test_statements_follow_one_another_and_limit_holds(self):
        answer = ask("sql", demo(), "SELECT 1 AS a; -- a comment\nSELECT 2 AS b;", "--format", "csv")
        self.assertEqual((answer.code, answer.out.split()), (0, ["a", "1", "b", "2"]))
        self.assertEqual(len(rows("SELECT pid FROM tasks", "--limit", "3")), 3)

    def test_views_answer(self):
        processes = rows("SELECT pid FROM processes")
        self.assertEqual({row["pid"] for row in processes},
                         {task["pid"] for task in whole("tasks")
                          if task["pid"] == task["tgid"] and task["kind"] == "user"})
        tree = rows("SELECT pid, depth FROM process_tree")
        self.assertEqual({row["pid"] for row in tree},
                         {task["pid"] for task in whole("tasks") if task["pid"] == task["tgid"]})


if __name__ == "__main__":
    unittest.main()
