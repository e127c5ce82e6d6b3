"""An ELF core as the converters see it: ranges of physical memory, and notes."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

PT_LOAD, PT_NOTE = 1, 4
# QEMU's ELF cores hold the firmware's ROM below 4 GiB, which no other tool would dump.
FIRMWARE = range(0xF0000000, 0x100000000)


@dataclass(frozen=True)
class Segment:
    start: int
    size: int
    offset: int     # in the file


class ElfCore:
    def __init__(self, path):
        self._capture = Path(path).parent
        self._file = open(path, "rb")
        header = self._file.read(64)
        if header[:4] != b"\x7fELF":
            raise ValueError(f"{path} is not an ELF core")
        self.machine, = struct.unpack_from("<H", header, 18)
        table, = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        if count == 0xffff:     # PN_XNUM: the first section header's sh_info counts them
            section, = struct.unpack_from("<Q", header, 40)
            count, = struct.unpack("<I", self.at(section + 44, 4))
        self.notes, self.segments = b"", []
        for index in range(count):
            kind, _, offset, _, start, bytes_, _, _ = struct.unpack(
                "<IIQQQQQQ", self.at(table + index * size, 56))
            if kind == PT_NOTE:
                self.notes += self.at(offset, bytes_)
            elif kind == PT_LOAD and start not in FIRMWARE:
                self.segments.append(Segment(start, bytes_, offset))
        self.segments.sort(key=lambda segment: segment.start)
        self.end = self.segments[-1].start + self.segments[-1].size

    def at(self, offset, size):
        self._file.seek(offset)
        return self._file.read(size)

    def blocks(self, segment, size):
        """(physical address, bytes) over a segment; the last may be short."""
        for at in range(0, segment.size, size):
            yield (segment.start + at,
                   self.at(segment.offset + at, min(size, segment.size - at)))

    def note(self, name):
        """The contents of the first note of that name, or None."""
        at = 0
        while at + 12 <= len(self.notes):
            name_bytes, data_bytes, _ = struct.unpack_from("<III", self.notes, at)
            data = at + 12 + (name_bytes + 3 & ~3)
            if self.notes[at + 12:at + 12 + name_bytes].rstrip(b"\0") == name.encode():
                return self.notes[data:data + data_bytes]
            at = data + (data_bytes + 3 & ~3)
        return None

    def physical(self, address, size):
        for segment in self.segments:
            inside = address - segment.start
            if 0 <= inside and inside + size <= segment.size:
                return self.at(segment.offset + inside, size)
        raise ValueError(f"no memory at 0x{address:x}")

    def adopt_vmcoreinfo(self):
        """Adds the note as kexec would: from where /sys/kernel/vmcoreinfo says that it lies."""
        if self.note("VMCOREINFO") is None:
            told = (self._capture / "truth/sys/kernel/vmcoreinfo").read_text().split()
            note = self.physical(int(told[0], 16), int(told[1], 16))
            name_bytes, data_bytes, _ = struct.unpack_from("<III", note)
            self.notes += note[:12 + (name_bytes + 3 & ~3) + (data_bytes + 3 & ~3)]

    def page_size(self):
        """The guest's, from beside the capture; else as VMCOREINFO says; else 4096."""
        beside = self._capture / "guest.json"
        if beside.exists():
            return json.loads(beside.read_text())["page_size"]
        for line in (self.note("VMCOREINFO") or b"").splitlines():
            if line.startswith(b"PAGESIZE="):
                return int(line.split(b"=")[1])
        return 4096


class SparseFile:
    """Writes what is not zero; the rest becomes holes."""

    def __init__(self, path):
        self._file = open(path, "wb")

    def write_at(self, offset, data):
        if data.count(0) != len(data):
            self._file.seek(offset)
            self._file.write(data)

    def finish(self, size):
        self._file.truncate(size)
        self._file.close()
