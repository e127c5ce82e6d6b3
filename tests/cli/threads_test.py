"""--threads: several threads say what one says, byte for byte, of whole, damaged and compressed dumps."""

import os
import shutil
import signal
import subprocess
import time
import unittest

from program import KERNLENS, ask, generated, scratch

FORMATS = ("csv", "ndjson", "json")
QUESTIONS = (
    ("pages",),
    ("pages", "--columns", "owner,pfn,flags"),
    ("pages", "pfn>=30000", "pfn<70000", "kind=free"),
    ("pages", "kind=file"),
    ("pages", "pfn=5"),
    ("pages", "kind=nothing"),
    ("pages", "--limit", "40000"),
    ("pages", "--steps", "50000"),
    ("memory_summary",),
    ("memory_summary", "--steps", "50000"),
)


def wide(container):
    """320 MiB: frames in three ranges."""
    return generated("--machine", "wide", "--container", container)[0]


class Threads(unittest.TestCase):
    def same(self, dump, question, form, counts=(3,), codes=(0, 4)):
        table, *rest = question
        one, *others = (ask(table, dump, *rest, "--format", form, "--threads", n) for n in (1, *counts))
        self.assertIn(one.code, codes, one)
        for other in others:
            self.assertEqual((other.code, other.err), (one.code, one.err), other)
            self.assertTrue(other.bytes == one.bytes, other.args)
        return one

    def test_every_question(self):
        for question in QUESTIONS:
            with self.subTest(question=question):
                self.same(wide("elf"), question, "csv")

    def test_every_format(self):
        for form in FORMATS:
            for question in (("pages", "--columns", "pfn,kind"), ("pages", "kind=nothing")):
                with self.subTest(question=question, form=form):
                    self.same(wide("elf"), question, form, (2, 8))

    def test_all_frames_come_in_order(self):
        answer = ask("pages", wide("elf"), "--format", "csv", "--columns", "pfn", "--threads", 3)
        frames = [int(line) for line in answer.out.splitlines()[1:]]
        self.assertEqual(frames, sorted(set(frames)))
        self.assertEqual(len(frames), (320 << 20 >> 12) - 96)  # the firmware keeps 384 KiB below 1 MiB

    def test_other_containers(self):
        for container in ("raw", "lime", "kdump", "flattened"):
            with self.subTest(container):
                self.same(wide(container), ("pages", "--columns", "pfn,kind,owner"), "csv")
                self.same(wide(container), ("memory_summary",), "csv")

    def test_tables_and_summaries(self):
        self.same(wide("elf"), ("pages", "--limit", "5"), "table")
        for n in (1, 4):
            answer = ask(wide("elf"), "--threads", n)
            self.assertIn("memory_by_kind", answer.out)
        self.assertEqual(ask(wide("elf"), "--threads", 1).bytes, ask(wide("elf"), "--threads", 4).bytes)

    def test_what_is_missing_is_told_the_same(self):
        damaged = scratch() / "damaged.dump"
        size = os.path.getsize(wide("elf"))
        # Struct pages lie near the top: the last of what is cut off is theirs, or all of it is.
        for cut in (1 << 20, 4 << 20):
            with self.subTest(cut):
                shutil.copy(wide("elf"), damaged)
                with open(damaged, "r+b") as file:
                    file.seek(size - cut)
                    file.write(bytes(cut // 2))
                    file.truncate(size - cut // 8)
                for question in (("pages",), ("memory_summary",)):
                    one = self.same(damaged, question, "csv", (5,), (0, 1, 4))
                    self.assertTrue(one.code == 0 or one.err, one)

    def test_a_reader_that_goes_away(self):
        for ignored, code in ((False, -signal.SIGPIPE), (True, 1)):
            child = subprocess.Popen([KERNLENS, "pages", wide("elf"), "--format", "csv", "--threads", "4"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=not ignored)
            child.stdout.read(1000)
            child.stdout.close()
            self.assertEqual(child.wait(timeout=60), code)
            self.assertEqual(child.stderr.read(), b"")
            child.stderr.close()

    def test_an_interrupt_ends_all_of_them(self):
        for pause in (0, 1):    # after 1 s the pipe is full, and each waits for its turn
            child = subprocess.Popen([KERNLENS, "pages", wide("elf"), "--format", "csv", "--threads", "4"],
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            child.stdout.read(1)
            time.sleep(pause)
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(timeout=60), 130)
            child.stdout.close()

    def test_what_is_no_number_of_threads(self):
        for wrong in ("0", "-1", "many", ""):
            self.assertEqual(ask("pages", wide("elf"), "--threads", wrong).code, 2)
        self.assertEqual(ask("tasks", wide("elf"), "--threads", "2", "--limit", "1").code % 4, 0)


if __name__ == "__main__":
    unittest.main()
