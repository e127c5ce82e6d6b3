"""Files that are no dump, or not whole: one clear line, exit 1, and no crash."""

import json
import os
import pathlib
import random
import struct
import subprocess
import unittest

from program import GENERATE, KERNLENS, ask, demo, generated, scratch


class BadInput(unittest.TestCase):
    def refused(self, path, *says, command=("kernel",)):
        answer = ask(*command, path)
        self.assertEqual(answer.code, 1, answer)
        self.assertEqual(answer.out, "", answer)
        self.assertEqual(answer.err.count("\n"), 1, answer)
        self.assertTrue(answer.err.startswith("kernlens: "), answer)
        for word in says:
            self.assertIn(word, answer.err)

    def file(self, name, content):
        path = scratch() / name
        path.write_bytes(content)
        return path

    def test_no_such_file(self):
        self.refused(scratch() / "missing.elf", "missing.elf", "No such file")

    def test_empty(self):
        self.refused(self.file("empty", b""), "empty")

    def test_directory(self):
        self.refused(scratch(), "directory")

    def test_device_without_an_end(self):
        self.refused("/dev/zero", "/dev/zero")

    def test_text(self):
        self.refused(self.file("readme", b"This is not a dump.\n" * 100), "readme", "no trace of a Linux kernel")

    def test_memory_without_linux(self):
        noise = random.Random(1).randbytes(1 << 20)
        self.refused(self.file("noise", noise), "no trace of a Linux kernel")
        self.refused(self.file("zeros", bytes(1 << 20)), "no trace of a Linux kernel")

    def test_an_elf_file_that_is_no_core(self):
        self.refused(KERNLENS, "kernlens")

    def test_versions_of_containers_that_are_not_known(self):
        self.refused(self.file("kdump99", b"KDUMP   " + struct.pack("<I", 99) + bytes(8192)))
        self.refused(self.file("lime9", struct.pack("<II", 0x4C694D45, 9) + bytes(8192)))
        self.refused(self.file("avml9", struct.pack("<II", 0x4C4D5641, 9) + bytes(8192)))

    def test_a_file_that_may_not_be_read(self):
        path = self.file("secret", b"x")
        path.chmod(0)
        drop = (lambda: os.setuid(65534)) if os.getuid() == 0 else None
        scratch().chmod(0o711)
        try:
            done = subprocess.run([KERNLENS, "kernel", path], capture_output=True, text=True, preexec_fn=drop)
        except PermissionError:
            self.skipTest("the program itself is out of nobody's reach")
        self.assertEqual(done.returncode, 1)
        self.assertIn("Permission denied", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_parts_that_are_none(self):
        answer = ask("segments", demo(), "--part", demo())
        self.assertEqual(answer.code, 1, answer)
        self.assertIn("split", answer.err)

    def test_side_files_that_are_not_what_they_should_be(self):
        text = self.file("side", b"nothing of use\n")
        for option, what in (("--btf", "the BTF that was given"), ("--symbols", "System.map")):
            answer = ask("kernel", demo(), option, text)
            self.assertEqual(answer.code, 1, answer)
            self.assertEqual(answer.err.count("\n"), 1, answer)
            self.assertIn(what, answer.err)
        answer = ask("kernel", demo(), "--btf", scratch() / "missing")
        self.assertEqual(answer.code, 1, answer)
        self.assertIn("missing", answer.err)


class WithoutBtf(unittest.TestCase):
    """A kernel whose types are gone: what is missing, and what would help."""

    @classmethod
    def setUpClass(cls):
        truth = generated("--machine", "demo")[1]["kernel"][0]
        where, size = truth["btf_phys"], truth["btf_bytes"]
        cls.btf = scratch() / "vmlinux.btf"
        cls.btf.write_bytes(ask("read", demo(), f"p:{where}", size, "--raw").bytes)
        [row] = json.loads(ask("translate", demo(), f"p:{where}", "--format", "json").out)
        content = bytearray(demo().read_bytes())
        content[row["file_offset"]:row["file_offset"] + size] = bytes(size)
        cls.dump = scratch() / "without-btf.elf"
        cls.dump.write_bytes(content)

    def test_it_says_so_and_names_the_option(self):
        answer = ask("tasks", self.dump)
        self.assertEqual(answer.code, 1, answer)
        self.assertEqual(answer.err.count("\n"), 1, answer)
        self.assertIn("BTF", answer.err)
        self.assertIn("--btf", answer.err)
        self.assertEqual(ask("segments", self.dump).code, 0)  # the container needs no kernel

    def test_a_btf_from_elsewhere_does(self):
        whole, mended = ask("tasks", demo(), "--format", "json"), ask("tasks", self.dump, "--btf", self.btf, "--format",
                                                                      "json")
        self.assertEqual(mended.code, whole.code, mended)
        self.assertEqual(json.loads(mended.out), json.loads(whole.out))
        [kernel] = json.loads(ask("kernel", self.dump, "--btf", self.btf, "--format", "json").out)
        self.assertIn("given", kernel["found_by"])

    def test_symbols_from_elsewhere_are_used(self):
        rows = json.loads(ask("symbols", demo(), "--format", "json").out)
        system_map = scratch() / "System.map"
        system_map.write_text("".join(f"{row['address'][2:]} {row['type']} {row['name']}\n" for row in rows
                                      if row["module"] is None))
        [kernel] = json.loads(ask("kernel", demo(), "--symbols", system_map, "--format", "json").out)
        self.assertIn("System.map", kernel["found_by"])

    def test_a_system_map_of_a_kernel_for_one_cpu(self):
        system_map = scratch() / "System.map-of-one"
        for era in ("0", "3"):  # before and since 6.17, when structs became those of kernels for several
            options = ("--uniprocessor", "--era", era)
            dump, truth = generated(*options)
            subprocess.run([GENERATE, *options, "-o", os.devnull, "--system-map", system_map], check=True)
            answer = ask("cpus", dump, "--symbols", system_map, "--format", "json")
            self.assertEqual(answer.code, 0, answer)
            self.assertEqual([{k: row[k] for k in truth["cpus"][0]} for row in json.loads(answer.out)], truth["cpus"])


class CutShort(unittest.TestCase):
    """A dump that ends early, at any byte."""

    def cut(self, container, times=20):
        whole = generated("--machine", "demo", "--container", container)[0]
        path = scratch() / f"cut-{container}"
        content = whole.read_bytes()
        path.write_bytes(content)
        chance = random.Random(container)
        # Headers are where most goes wrong.
        places = {0, 1, 63, 64, 4095, 4096, *(chance.randrange(8192) for _ in range(times)),
                  *(chance.randrange(len(content)) for _ in range(times))}
        for size in sorted(places, reverse=True):
            os.truncate(path, size)
            answer = ask("kernel", path)
            self.assertIn(answer.code, (0, 1, 4), f"{size} bytes: {answer}")
            if answer.code:
                self.assertTrue(answer.err.startswith("kernlens: "), f"{size} bytes: {answer}")
            if answer.code == 1:
                self.assertEqual(answer.err.count("\n"), 1, f"{size} bytes: {answer}")

    def test_elf(self):
        self.cut("elf", times=100)

    def test_kdump(self):
        self.cut("kdump")

    def test_flattened(self):
        self.cut("flattened")

    def test_lime(self):
        self.cut("lime")


class CutWhileRead(unittest.TestCase):
    def test_a_file_that_shrinks_is_noticed(self):
        path = scratch() / "shrinks"
        path.write_bytes(demo().read_bytes())
        # The answer is larger than a pipe holds, so the program waits in the middle of it.
        program = subprocess.Popen([KERNLENS, "read", path, "p:0x100000", "4000000"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        program.stdout.read(1000)
        os.truncate(path, 1 << 20)
        out, err = program.communicate(timeout=60)
        self.assertEqual(program.returncode, 1, err)
        self.assertIn(b"shrinks", err)
        self.assertLess(len(out), 4000000 * 4)


if __name__ == "__main__":
    assert pathlib.Path(KERNLENS).exists()
    unittest.main()
