"""kernlens extract on a synthetic guest, as it is and with the sizes of files made absurd."""

import json
import os
import shutil
import unittest

from program import ask, generated, scratch

PATH = "/usr/bin/worker"


def rows(*args):
    return [json.loads(line) for line in ask(*args, "--format", "ndjson", "--quiet").out.splitlines()]


def place_of_size(dump):
    """Where the dump has the i_size of the file."""
    inode = rows("inodes", dump, f"path={PATH}")[0]["address"]
    member = rows("members", dump, "type=inode", "name=i_size")[0]
    field = int(inode, 16) + member["offset_bits"] // 8
    return rows("translate", dump, hex(field))[0]["file_offset"]


class Extract(unittest.TestCase):
    def setUp(self):
        self.dump = generated("--machine", "tiny")[0]
        self.file = scratch() / self.id()

    def extract(self, dump=None):
        return ask("extract", dump or self.dump, "--path", PATH, "-o", self.file)

    def with_size(self, size):
        changed = scratch() / f"size-{size:x}"
        shutil.copy(self.dump, changed)
        with open(changed, "r+b") as file:
            file.seek(place_of_size(self.dump))
            file.write(size.to_bytes(8, "little"))
        return changed

    def test_the_pages_are_the_file(self):
        answer = self.extract()
        self.assertEqual(answer.code, 0, answer)
        pages = rows("page_cache", self.dump, f"path={PATH}")
        self.assertEqual(len(self.file.read_bytes()), 4096 * len(pages))
        # What a second run would overwrite is refused.
        self.assertEqual(self.extract().code, 1)

    def test_sizes_that_can_not_be_are_refused(self):
        for size in (1 << 63, (1 << 64) - 1, 1 << 62, 1 << 46):
            with self.subTest(size=hex(size)):
                answer = self.extract(self.with_size(size))
                self.assertEqual(answer.code, 1, answer)
                self.assertIn("which can't be", answer.err)
                self.assertEqual(self.file.stat().st_size, 0)
                self.file.unlink()

    def test_a_large_sparse_size_costs_nothing(self):
        answer = self.extract(self.with_size(1 << 40))
        self.assertEqual(answer.code, 4, answer)    # all but its page is missing
        self.assertEqual(self.file.stat().st_size, 1 << 40)
        self.assertLess(self.file.stat().st_blocks * 512, 1 << 20)

    def test_a_size_within_the_page_cuts_it(self):
        answer = self.extract(self.with_size(5))
        self.assertEqual(answer.code, 0, answer)
        self.assertEqual(self.file.stat().st_size, 5)


class Folder(unittest.TestCase):
    """All files of a file system, or of a process."""

    def setUp(self):
        self.dump = generated("--machine", "tiny")[0]
        self.folder = scratch() / self.id()
        self.device = rows("inodes", self.dump, f"path={PATH}")[0]["device"]

    def extract(self, *args, dump=None):
        answer = ask("extract", dump or self.dump, *args, "-o", self.folder)
        self.assertIn(answer.code, (0, 4), answer)
        return [json.loads(line) for line in (self.folder / "report.ndjson").read_text().splitlines()]

    def inside(self):
        """What was made, and that all of it is plain files and folders."""
        found = []
        for folder, folders, files in os.walk(self.folder / "files"):
            for name in folders + files:
                self.assertFalse(os.path.islink(os.path.join(folder, name)))
            found += [os.path.relpath(os.path.join(folder, name), self.folder / "files") for name in files]
        return sorted(found)

    def one(self, path, dump=None):
        """The bytes of a file by the command for one."""
        out = scratch() / f"{self.id()}-one"
        out.unlink(missing_ok=True)
        self.assertIn(ask("extract", dump or self.dump, "--path", path, "-o", out).code, (0, 4))
        return out.read_bytes()

    def test_a_file_system(self):
        report = self.extract("--superblock", self.device)
        cached = {row["path"] for row in rows("inodes", self.dump, f"device={self.device}", "kind=regular")
                  if row["cached_pages"] and row["path"]}
        self.assertEqual({line["path"] for line in report if line["path"]}, cached)
        self.assertEqual(self.inside(), sorted(line["file"] for line in report))
        for line in report:
            data = (self.folder / "files" / line["file"]).read_bytes()
            self.assertEqual((len(data), line["error"]), (line["bytes"], None))
            self.assertEqual(line["written"] + sum(end - start for start, end in line["missing"]), line["bytes"])
            if line["path"] and not line["path"].endswith("(deleted)"):
                self.assertEqual(data, self.one(line["path"]))

    def test_a_process(self):
        vmas = [row for row in rows("vmas", self.dump) if row["path"] == PATH]
        report = self.extract("--pid", vmas[0]["tgid"])
        self.assertIn(PATH, {line["path"] for line in report})
        self.assertLess(len(report), len(rows("inodes", self.dump, "kind=regular")))

    def test_names_that_lead_elsewhere_do_not(self):
        hostile = scratch() / "hostile-names"
        shutil.copy(self.dump, hostile)
        # The dentry's own name, of the length that it had: every dentry of this name becomes another.
        for old, new in ((b"worker\0", b"../../\0"), (b"strange\0", b"/\x1b[2J//\0")):
            data = hostile.read_bytes()
            self.assertEqual(len(old), len(new))
            hostile.write_bytes(data.replace(old, new))
        report = self.extract("--superblock", self.device, dump=hostile)
        self.assertEqual(self.inside(), sorted(line["file"] for line in report if not line["error"]))
        for name in self.inside():
            self.assertTrue(all(part not in ("..", ".", "") and "\x1b" not in part for part in name.split("/")), name)
        self.assertEqual(sorted(os.listdir(self.folder)), ["files", "report.ndjson"])

    def test_sizes_that_can_not_be_are_said(self):
        absurd = scratch() / "absurd-size"
        shutil.copy(self.dump, absurd)
        with open(absurd, "r+b") as file:
            file.seek(place_of_size(self.dump))
            file.write((1 << 62).to_bytes(8, "little"))
        report = self.extract("--superblock", self.device, dump=absurd)
        line = next(line for line in report if line["path"] == PATH)
        self.assertEqual((line["error"], line["written"]), ("its size can't be", 0))
        self.assertGreater(len(self.inside()), 0)

    def test_a_folder_that_is_there_is_left_alone(self):
        self.folder.mkdir()
        answer = ask("extract", self.dump, "--superblock", self.device, "-o", self.folder)
        self.assertEqual(answer.code, 1, answer)
        self.assertEqual(os.listdir(self.folder), [])

    def test_what_is_wrong_is_said(self):
        for args in (("--superblock", self.device, "--pid", "1"), ("--path", PATH, "--pid", "1"), ()):
            self.assertEqual(ask("extract", self.dump, *args, "-o", self.folder).code, 2)
        self.assertEqual(ask("extract", self.dump, "--superblock", "9:99", "-o", self.folder).code, 1)


if __name__ == "__main__":
    unittest.main()
