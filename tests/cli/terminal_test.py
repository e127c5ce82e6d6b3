"""On a terminal: widths, colours, progress, Ctrl-C."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from program import KERNLENS, ask, demo

COLOUR = re.compile(r"\033\[[0-9;]*m")


def on_terminal(*args, columns=80, environment=None, err_too=False):
    """Runs kernlens with its output (and errors) on a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"} | (environment or {})
    program = subprocess.Popen([KERNLENS, *map(str, args)], stdin=subprocess.DEVNULL, stdout=theirs,
                               stderr=theirs if err_too else subprocess.PIPE, env=env)
    os.close(theirs)
    out = b""
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        if not ready:
            program.kill()
            raise TimeoutError(args)
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        out += piece
    os.close(ours)
    err = b"" if err_too else program.stderr.read()
    if program.stderr:
        program.stderr.close()
    return program.wait(timeout=60), out.decode().replace("\r\n", "\n"), err.decode()


class Widths(unittest.TestCase):
    def test_lines_fit(self):
        for columns in (20, 40, 80, 132):
            code, out, err = on_terminal("members", demo(), "--limit", 50, columns=columns)
            self.assertEqual(code, 0, err)
            lines = COLOUR.sub("", out).splitlines()
            self.assertEqual(len(lines), 51)
            # At 20 columns one number and one name may not fit together; a single column may stick out.
            for line in lines:
                self.assertLessEqual(len(line), columns, line)

    def test_columns_left_out_are_named(self):
        _, out, err = on_terminal("members", demo(), "--limit", 5, columns=40)
        header = COLOUR.sub("", out).splitlines()[0].split()
        left_out = re.search(r"not shown on a terminal this wide: (.*) \(--columns", err)
        self.assertIsNotNone(left_out, err)
        every = ask("members", demo(), "--limit", 1, "--format", "csv").out.splitlines()[0].split(",")
        self.assertEqual(header + left_out[1].split(", "), every)
        self.assertEqual(on_terminal("members", demo(), "--limit", 5, "--quiet", columns=40)[2], "")

    def test_columns_asked_for_are_all_there(self):
        _, out, err = on_terminal("members", demo(), "--columns", "type,name,member_type,offset_bits", columns=30)
        self.assertEqual(COLOUR.sub("", out).splitlines()[0].split(), ["type", "name", "member_type", "offset_bits"])
        self.assertEqual(err, "")

    def test_wide_text_is_cut_on_a_terminal_only(self):
        _, out, _ = on_terminal("types", demo(), "--columns", "name,id", columns=20)
        self.assertIn("…", out)
        self.assertNotIn("…", ask("types", demo(), "--columns", "name,id").out)


class Colours(unittest.TestCase):
    def test_by_the_terminal_and_by_will(self):
        self.assertTrue(COLOUR.search(on_terminal("segments", demo())[1]))
        self.assertFalse(COLOUR.search(on_terminal("segments", demo(), "--color", "never")[1]))
        self.assertFalse(COLOUR.search(on_terminal("segments", demo(), environment={"NO_COLOR": "1"})[1]))
        self.assertTrue(COLOUR.search(on_terminal("segments", demo(), environment={"NO_COLOR": ""})[1]))
        self.assertFalse(COLOUR.search(on_terminal("segments", demo(), environment={"TERM": "dumb"})[1]))
        self.assertFalse(COLOUR.search(ask("segments", demo()).out))
        self.assertTrue(COLOUR.search(ask("segments", demo(), "--color", "always").out))

    def test_data_has_none(self):
        for form in ("json", "ndjson", "csv"):
            self.assertFalse(COLOUR.search(ask("segments", demo(), "--color", "always", "--format", form).out))


class Cancelling(unittest.TestCase):
    def test_ctrl_c_ends_it_in_silence(self):
        program = subprocess.Popen([KERNLENS, "read", demo(), "p:0x100000", "10000000"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        program.stdout.read(100)
        time.sleep(0.2)  # now it waits for its reader
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=60)
        self.assertEqual((program.returncode, err), (130, b""))
        self.assertLess(len(out), 10000000)

    def test_raw_bytes_are_not_for_a_terminal(self):
        code, out, err = on_terminal("read", demo(), "p:0x100000", "16", "--raw")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("--raw", err)


if __name__ == "__main__":
    unittest.main()
