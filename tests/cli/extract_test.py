"""kernlens extract on a synthetic guest, as it is and with the sizes of files made absurd."""

import json
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


if __name__ == "__main__":
    unittest.main()
