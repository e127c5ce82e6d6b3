"""The command line: what is refused, what is offered, and what help says."""

import json
import os
import shlex
import shutil
import subprocess
import unittest

from program import KERNLENS, ask, demo, scratch, tables


class Refused(unittest.TestCase):
    def refused(self, *args, says):
        answer = ask(*args)
        self.assertEqual(answer.code, 2, answer)
        self.assertEqual(answer.out, "", answer)
        self.assertEqual(answer.err.count("\n"), 1, answer)
        self.assertIn(says, answer.err)
        self.assertIn("--help", answer.err)

    def test_nothing_at_all(self):
        self.refused(says="which dump?")

    def test_names_that_are_nearly_right(self):
        self.refused("kernle", demo(), says="did you mean kernel?")
        self.refused("tabels", says="did you mean tables?")
        self.refused("segments", demo(), "stat=file", says="did you mean state?")
        self.refused("segments", demo(), "--columns", "start,edn", says="did you mean end?")
        self.refused("--fromat", "json", demo(), says="did you mean --format?")
        self.refused("tables", "kernal", says="did you mean kernel")
        self.refused("help", "nonsense", says="no command, no table and no view")

    def test_words_that_are_nothing(self):
        self.refused("nonsense", says="no file")
        self.refused("nonsense", demo(), says="no command and no table")
        self.refused(demo(), "state=file", says="no command")

    def test_values_that_do_not_fit(self):
        self.refused("segments", demo(), "--format", "xml", says="table json ndjson csv")
        self.refused("segments", demo(), "--limit", "many", says="'many'")
        self.refused("segments", demo(), "--limit", "-1", says="'-1'")
        self.refused("segments", demo(), "--limit", "99999999999999999999", says="9999")
        self.refused("segments", demo(), "--limit", says="needs a value")
        self.refused("segments", demo(), "--quiet=yes", says="takes no value")
        self.refused("segments", demo(), "-Z", says="-Z")
        self.refused("segments", demo(), "start=abc", says="an address")
        self.refused("segments", demo(), "start", says="column=value")
        self.refused("segments", demo(), "--columns", "", says="--columns")
        self.refused("segments", demo(), "--columns", "start,end,start", says="start is named twice")
        self.refused("kernel", demo(), "--root", "0", says="--root")
        self.refused("translate", demo(), "0x0", "--pid", "4294967296", says="--pid")

    def test_options_where_they_mean_nothing(self):
        self.refused("segments", demo(), "--pid", "1", says="--pid means nothing")
        self.refused("tables", "--btf", "x", says="--btf means nothing")
        self.refused(demo(), "--columns", "release", says="--columns means nothing")

    def test_too_few_and_too_many_words(self):
        self.refused("segments", says="needs a dump")
        self.refused("read", demo(), "0x0", says="usage: kernlens read DUMP ADDRESS BYTES")
        self.refused("read", demo(), "0x0", "16", "more", says="too many")
        self.refused("completion", says="bash|zsh")
        self.refused("completion", "fish", says="bash or zsh")

    def test_what_was_typed_can_not_act_on_the_terminal(self):
        answer = ask("\033]0;title\a")
        self.assertNotIn("\033", answer.err)
        self.assertIn("\\x1b", answer.err)

    def test_a_value_that_another_command_could_take(self):
        self.refused("struct", demo(), "list_head", "--format", "json", says="kernlens members")
        self.refused(demo(), "--format", "csv", says="--format table or json")


class Help(unittest.TestCase):
    def test_every_command_and_table_explains_itself(self):
        front = ask("--help")
        self.assertEqual((front.code, front.err), (0, ""), front)
        for word in ["struct", "translate", "read", "tables", "completion", "man", "help", *tables()]:
            answer = ask(word, "--help")
            self.assertEqual((answer.code, answer.err), (0, ""), answer)
            self.assertIn("Examples\n  kernlens ", answer.out, word)
            self.assertEqual(answer.out, ask("help", word).out)
            self.assertIn(f"  {word}", front.out)

    def test_lines_fit_a_terminal(self):
        for args in (["--help"], ["tables", "--help"], ["kernel", "--help"], ["read", "--help"]):
            for line in ask(*args).out.splitlines():
                self.assertLessEqual(len(line), 100, line)
                self.assertEqual(line, line.rstrip(), args)

    def test_help_wins_over_what_else_is_wrong(self):
        self.assertEqual(ask("read", "--help").code, 0)
        self.assertEqual(ask("segments", "nofile", "--help").code, 0)

    def test_version(self):
        answer = ask("--version")
        self.assertEqual(answer.code, 0)
        self.assertRegex(answer.out, r"^kernlens \d+\.\d+\.\d+\n$")

    def test_columns_of_a_table(self):
        self.assertIn("release", ask("tables", "kernel").out)


class Manual(unittest.TestCase):
    def test_every_table_column_and_option_stands_in_it(self):
        page = ask("man")
        self.assertEqual((page.code, page.err), (0, ""), page)
        text = page.out.replace("\\-", "-").replace("\\e", "\\")
        for table, columns in tables().items():
            self.assertIn(f"\n.SS {table}\n", text)
            for column in columns:
                self.assertIn(f"\\fB{column['column']}\\fR", text)
        for option in ("format", "columns", "limit", "btf", "symbols", "root", "part", "quiet", "color"):
            self.assertIn(f"--{option}\\fR", text)

    @unittest.skipUnless(shutil.which("groff"), "groff is not here")
    def test_groff_finds_nothing_wrong(self):
        page = ask("man").out
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z"], input=page, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Completion(unittest.TestCase):
    def complete(self, *words):
        """What bash would offer for the last word."""
        script = scratch() / "kernlens.bash"
        script.write_text(ask("completion", "bash").out)
        quoted = " ".join(f"'{w}'" for w in words)
        done = subprocess.run(["bash", "--norc", "-c", f"""
            compopt() {{ :; }}
            source {script}
            COMP_WORDS=({quoted}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _kernlens
            printf '%s\\n' "${{COMPREPLY[@]}}" """], capture_output=True, text=True, cwd=scratch())
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_words_and_tables(self):
        self.assertIn("segments", self.complete("kernlens", "seg"))
        self.assertIn("translate", self.complete("kernlens", "tr"))
        self.assertEqual(self.complete("kernlens", "completion", ""), ["bash", "zsh"])

    def test_options_and_their_values(self):
        self.assertEqual(self.complete("kernlens", "segments", "x", "--form"), ["--format"])
        self.assertEqual(self.complete("kernlens", "segments", "x", "--format", "n"), ["ndjson"])
        self.assertEqual(self.complete("kernlens", "segments", "x", "--color", "a"), ["auto", "always"])

    def test_columns_of_the_table(self):
        self.assertEqual(self.complete("kernlens", "segments", "x", "file_"), ["file_offset="])
        self.assertIn("release", self.complete("kernlens", "kernel", "x", "--columns", ""))

    def test_files(self):
        (scratch() / "some.elf").touch()
        self.assertIn("some.elf", self.complete("kernlens", "segments", "some"))
        self.assertIn("some.elf", self.complete("kernlens", "segments", "x", "--btf", "som"))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not here")
    def test_zsh_can_read_it(self):
        done = subprocess.run(["zsh", "-n"], input=ask("completion", "zsh").out, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not here")
    def test_zsh_takes_it_for_kernlens(self):
        script = scratch() / "kernlens.zsh"
        script.write_text(ask("completion", "zsh").out)
        done = subprocess.run(["zsh", "-f", "-c", f"autoload -U compinit; compinit -u -D; source {script}; "
                               "print $_comps[kernlens]"], capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), ("_kernlens\n", ""))

    def test_zsh_names_all(self):
        script = ask("completion", "zsh").out
        for table in tables():
            self.assertIn(f"'{table}:", script)
        quoted = [line for line in script.splitlines() if line.startswith("    '")]
        for line in quoted:  # each is one word, however its text is quoted
            self.assertEqual(len(shlex.split(line.rstrip("\\"))), 1, line)


class Words(unittest.TestCase):
    def test_a_file_named_like_a_table_is_reached_by_its_path(self):
        shutil.copy(demo(), scratch() / "segments")
        self.assertEqual(ask("segments", "segments", cwd=scratch()).code, 0)
        self.assertNotEqual(ask("./segments", cwd=scratch()).code, 2)

    def test_options_stand_anywhere(self):
        a = ask("segments", demo(), "--format", "json")
        self.assertEqual(a.out, ask("--format", "json", "segments", demo()).out)
        self.assertEqual(a.out, ask("segments", "-fjson", demo()).out)
        self.assertEqual(a.out, ask("segments", "--format=json", "--", demo()).out)

    def test_several_conditions_must_all_hold(self):
        rows = json.loads(ask("tables", "--format", "json").out)
        self.assertTrue(rows)
        whole = json.loads(ask("segments", demo(), "--format", "json").out)
        second = whole[1]
        found = json.loads(ask("segments", demo(), f"start>={second['start']}", "state=file", "--format", "json").out)
        self.assertEqual(found, [r for r in whole if r["start"] >= second["start"] and r["state"] == "file"])


if __name__ == "__main__":
    assert os.access(KERNLENS, os.X_OK)
    unittest.main()
