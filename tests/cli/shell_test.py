"""The shell of sql: on a terminal, and as a script."""

import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import sqlite3
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from program import KERNLENS, ask, demo, tables

PROMPT = "kernlens> "
ESCAPES = re.compile(r"\033\[[0-9;?]*[a-zA-Z]|\033[=>]|\r|\x07")


class Shell:
    """kernlens sql on a terminal of its own."""

    def __init__(self, *args, environment=None, dump=None):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "XDG_STATE_HOME")}
        env |= {"TERM": "xterm", "LC_ALL": "C.UTF-8"} | (environment or {})
        self.program = subprocess.Popen([KERNLENS, "sql", str(dump or demo()), "--color", "never", *args], stdin=theirs,
                                        stdout=theirs, stderr=theirs, env=env, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(theirs)
        self.text = ""
        self.wait_for(PROMPT)

    def wait_for(self, what, seconds=60):
        """Reads until this stands there; returns what came, and forgets it."""
        deadline = time.monotonic() + seconds
        while what not in ESCAPES.sub("", self.text):
            ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"no {what!r} in {self.text!r}")
            try:
                piece = os.read(self.ours, 65536)
            except OSError as e:  # the program has ended
                raise EOFError(self.text) from e
            self.text += piece.decode(errors="replace")
        came = ESCAPES.sub("", self.text)
        self.text = ""
        return came

    def type(self, text):
        os.write(self.ours, text.encode())

    def run(self, statement):
        """What a line answers."""
        self.type(statement + "\n")
        return self.wait_for("\n" + PROMPT)

    def leave(self, how="\x04"):
        self.type(how)
        try:
            self.wait_for("nothing that comes", 30)
        except EOFError:
            pass
        os.close(self.ours)
        return self.program.wait(timeout=60)


class OnTerminal(unittest.TestCase):
    def test_statements_go_over_lines_and_ctrl_d_leaves(self):
        shell = Shell()
        shell.type("SELECT 40 +\n")
        shell.wait_for("...> ")
        self.assertIn("42", shell.run("2 AS answer;"))
        self.assertIn("no such table", shell.run("SELECT * FROM nosuch;"))
        self.assertIn("8", shell.run("SELECT 8;"))
        self.assertEqual(shell.leave(), 0)

    def test_quit_leaves(self):
        shell = Shell()
        self.assertEqual(shell.leave(".quit\n"), 0)

    def test_commands(self):
        shell = Shell()
        listed = shell.run(".tables")
        for name in [*tables(), "process_tree", "anonymous_executable"]:
            self.assertIn(name, listed)
        self.assertNotIn("vmas", shell.run(".tables bpf").split("\n", 1)[1])
        self.assertIn("command_line", shell.run(".schema tasks"))
        self.assertIn("CREATE VIEW deleted_in_use", shell.run(".schema deleted_in_use"))
        self.assertIn(".timer", shell.run(".help"))
        self.assertIn("its number; that of a thread is its own", shell.run(".help tasks"))
        shell.run(".mode json")
        self.assertIn('{"a":1}', shell.run("SELECT 1 AS a;").replace(" ", ""))
        self.assertIn("takes one of", shell.run(".mode nosuch"))
        shell.run(".timer on")
        self.assertRegex(shell.run("SELECT count(*) FROM tasks;"), r"s of CPU, 1 row, \d+ reads of memory")
        self.assertIn("no such command", shell.run(".nosuch"))
        self.assertEqual(shell.leave(), 0)

    def test_tab_completes_tables_columns_and_words(self):
        shell = Shell()
        shell.type("sel\t")
        shell.wait_for("SELECT ")
        shell.type("command_\t")
        shell.wait_for("command_line ")
        shell.type("FROM tas\t")
        shell.wait_for("tasks")
        shell.type(" WHERE pid = 1;\n")
        self.assertIn("init", shell.wait_for("\n" + PROMPT))
        shell.type("SELECT v.file_o\t")
        shell.wait_for("file_offset ")
        shell.type("\x15.sch\t")
        shell.wait_for(".schema ")
        shell.type("\x15")
        shell.type("SELECT * FROM bpf_\t")
        self.assertIn("bpf_programs", shell.wait_for("bpf_ring_records"))
        shell.type("\x15")
        self.assertEqual(shell.leave(), 0)

    def test_ctrl_c_ends_the_query_and_not_the_shell(self):
        shell = Shell()
        forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"
        for _ in range(2):
            shell.type(forever + "\n")
            shell.wait_for("FROM n;")
            time.sleep(0.5)
            shell.type("\x03")
            self.assertIn("cancelled", shell.wait_for("\n" + PROMPT, 20))
        self.assertIn("7", shell.run("SELECT 7;"))
        shell.type("SELECT 'forgotten")
        shell.wait_for("forgotten")
        shell.type("\x03")
        shell.wait_for("\n" + PROMPT)
        self.assertIn("9", shell.run("SELECT 9;"))
        self.assertEqual(shell.leave(), 0)

    def test_what_the_guest_wrote_does_not_reach_the_terminal(self):
        shell = Shell()
        self.assertIn("\\x1b", shell.run("SELECT char(27, 91, 50, 74) AS x;"))
        self.assertEqual(shell.leave(), 0)


class History(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = pathlib.Path(folder.name)
        self.file = self.state / "kernlens" / "sql_history"

    def shell(self):
        return Shell(environment={"XDG_STATE_HOME": str(self.state)})

    def test_it_is_kept_for_the_next_time(self):
        shell = self.shell()
        shell.run("SELECT 'remembered';")
        shell.leave()
        self.assertEqual(self.file.read_text(), "SELECT 'remembered';\n")
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        shell = self.shell()
        shell.type("\x10")  # Ctrl-P
        shell.wait_for("SELECT 'remembered';")
        shell.type("\n")
        shell.wait_for("\n" + PROMPT)
        shell.leave()

    def test_a_file_that_others_can_write_or_a_link_is_left_alone(self):
        self.file.parent.mkdir()
        self.file.write_text("SELECT 'planted';\n")
        self.file.chmod(0o666)
        shell = self.shell()
        shell.run("SELECT 1;")
        shell.leave()
        self.assertEqual(self.file.read_text(), "SELECT 'planted';\n")
        self.file.unlink()
        target = self.state / "elsewhere"
        target.write_text("")
        self.file.symlink_to(target)
        shell = self.shell()
        shell.run("SELECT 1;")
        shell.leave()
        self.assertEqual(target.read_text(), "")

    def test_none_without_a_place(self):
        shell = Shell(environment={"HOME": str(self.state)})
        shell.run("SELECT 1;")
        shell.leave()
        self.assertEqual(list(self.state.iterdir()), [])


class Scripts(unittest.TestCase):
    def script(self, text, *args):
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as f:
            f.write(text)
            f.flush()
            return ask("sql", demo(), "--file", f.name, *args)

    def test_a_file_is_run_until_something_fails(self):
        answer = self.script(".mode csv\nSELECT 1 AS a,\n  2 AS b;\nSELECT 3 AS c")
        self.assertEqual((answer.code, answer.out.split()), (0, ["a,b", "1,2", "c", "3"]))
        answer = self.script("SELECT 1 AS a;\nSELECT nosuch;\nSELECT 2 AS b;", "--format", "csv")
        self.assertEqual((answer.code, answer.out.split()), (1, ["a", "1"]))
        self.assertEqual(ask("sql", demo(), "--file", "/nonexistent").code, 1)
        self.assertEqual(ask("sql", demo(), "SELECT 1", "--file", "/dev/null").code, 2)

    def test_standard_input_is_a_script(self):
        done = subprocess.run([KERNLENS, "sql", demo(), "--format", "csv"], input=b"SELECT 5 AS v;\n.quit\nSELECT 6;",
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout.split()), (0, [b"v", b"5"]))


class Limits(unittest.TestCase):
    def test_rows(self):
        answer = ask("sql", demo(), "SELECT pid FROM tasks", "--rows", "3", "--format", "csv")
        self.assertEqual((answer.code, len(answer.out.splitlines())), (4, 4))
        self.assertIn("--rows", answer.err)
        answer = ask("sql", demo(), "SELECT 1 UNION SELECT 2", "--rows", "2", "--format", "csv")
        self.assertEqual((answer.code, answer.err), (0, ""))

    def test_time(self):
        began = time.monotonic()
        answer = ask("sql", demo(), "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                                    "SELECT count(*) FROM n", "--time", "1")
        self.assertEqual(answer.code, 4)
        self.assertIn("--time", answer.err)
        self.assertLess(time.monotonic() - began, 20)

    def test_time_ends_a_join_that_gives_no_rows(self):
        answer = ask("sql", demo(), "SELECT a.pfn FROM pages a JOIN pages b WHERE a.pfn + b.pfn < 0", "--time", "1")
        self.assertEqual((answer.code, "--time" in answer.err), (4, True))

    def test_time_ends_one_step_that_is_long(self):
        # instr looks for a text at each place of another: one function call, 10^14 comparisons.
        answer = ask("sql", demo(), "SELECT instr(t, substr(t, 10000000) || '2') FROM "
                                    "(SELECT replace(hex(zeroblob(10000000)), '00', '11') AS t)", "--time", "1")
        self.assertEqual((answer.code, "--time" in answer.err), (4, True), answer)

    def test_memory(self):
        answer = ask("sql", demo(), "WITH RECURSIVE n(i, t) AS (SELECT 1, hex(randomblob(1000)) UNION "
                                    "SELECT i + 1, hex(randomblob(1000)) FROM n LIMIT 100000) "
                                    "SELECT count(DISTINCT t) FROM n", "--memory", "16")
        self.assertEqual(answer.code, 4)
        self.assertIn("--memory", answer.err)


class Database(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "out.sqlite"

    def test_it_holds_what_the_tables_hold(self):
        answer = ask("sql", demo(), "--db", self.file, "--tables", "tasks,vmas,kernel")
        self.assertIn(answer.code, (0, 4), answer)
        self.assertEqual(answer.out, "")
        with sqlite3.connect(self.file) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            whole = {name: (rows, partial) for name, rows, partial, _ in db.execute("SELECT * FROM kernlens_tables")}
            self.assertEqual(set(whole), {"tasks", "vmas", "kernel", "diagnostics"})
            for table in ("tasks", "vmas"):
                columns = [c["column"] for c in tables()[table]]
                there = db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
                self.assertEqual(whole[table], (len(there), int(ask(table, demo()).code == 4)))
                here = ask("sql", demo(), f"SELECT {', '.join(columns)} FROM {table}", "--format", "csv")
                self.assertEqual(len(here.out.splitlines()) - 1, len(there))
            task = db.execute("SELECT pid, address, typeof(address), typeof(pid) FROM tasks WHERE pid = 1").fetchone()
            self.assertRegex(task[1], "^0x[0-9a-f]{16}$")
            self.assertEqual(task[2:], ("text", "integer"))
            plan = db.execute("EXPLAIN QUERY PLAN SELECT * FROM vmas WHERE tgid = 1").fetchall()
            self.assertIn("USING INDEX", plan[0][3])
            self.assertTrue(db.execute("SELECT * FROM processes").fetchall())

    def test_a_file_that_is_there_and_a_table_that_is_not_are_refused(self):
        self.file.write_text("mine")
        self.assertEqual(ask("sql", demo(), "--db", self.file).code, 1)
        self.assertEqual(self.file.read_text(), "mine")
        self.file.unlink()
        answer = ask("sql", demo(), "--db", self.file, "--tables", "tasks,nosuch")
        self.assertEqual((answer.code, self.file.exists()), (2, False))
        self.assertEqual(ask("sql", demo(), "SELECT 1", "--tables", "tasks").code, 2)


if __name__ == "__main__":
    unittest.main()
