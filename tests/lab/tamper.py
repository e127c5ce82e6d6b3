"""A copy of a capture in which kernel memory was written to, as an intruder would have done.

The machine stands still in a capture, so that writing to its memory afterwards is the same as writing
just before. What is written and where comes from the guest's truth; kernlens itself only says where a
virtual address lies in the file, and how far a member is from its struct.
"""

import functools
import json
import struct
import subprocess

from checking import Guest


class Tampered(Guest):
    """A guest whose dump is a copy that can be written to."""

    def __init__(self, guest, directory):
        super().__init__(guest.name, guest.directory)
        self.dump = directory / "tampered.elf"
        subprocess.run(["cp", "--reflink=auto", "--sparse=always", guest.dump, self.dump], check=True)
        self._untouched = guest

    def _place(self, address):
        out, status, error = self._untouched.run("translate", self._untouched.dump, hex(address), "--format",
                                                 "ndjson")
        if status != 0:
            raise RuntimeError(f"translate {address:#x}: {error.strip()}")
        return json.loads(out)["file_offset"]

    def read(self, address, size):
        with open(self.dump, "rb") as file:
            file.seek(self._place(address))
            return file.read(size)

    def write(self, address, data):
        with open(self.dump, "r+b") as file:
            file.seek(self._place(address))
            file.write(data)

    def pointer(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def put_pointer(self, address, value):
        self.write(address, struct.pack("<Q", value))

    @functools.cache
    def offset(self, type_, member):
        """Bytes from the start of a struct to a member; None on a kernel without it."""
        rows = self._untouched.rows("offsets", "kind=field", f"type={type_}", f"name={member}")
        return rows[0]["offset_bytes"] if rows and rows[0]["present"] else None

    def unlink(self, node):
        """Takes a list_head off its list, as list_del() does for all who are on it."""
        following, before = self.pointer(node), self.pointer(node + 8)
        self.put_pointer(before, following)
        self.put_pointer(following + 8, before)
