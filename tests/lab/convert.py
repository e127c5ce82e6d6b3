"""The same memory in other containers.

FORMATS names them all. Every converter takes an ElfCore and the path of the file to write.
`read_back` reads a file again, in a way of its own, to check what was written.
"""

import struct
import subprocess
import tempfile
from pathlib import Path

import codecs_c
import kdump
from dump import PT_LOAD, PT_NOTE, ElfCore, SparseFile

MIB = 1 << 20
PART = MIB // 4


# Raw images

def raw(core, path):
    """RAM without the gaps: LiME's raw mode, memory-backend-file, a .vmem file."""
    out, at = SparseFile(path), 0
    for segment in core.segments:
        for address, data in core.blocks(segment, PART):
            out.write_at(at + address - segment.start, data)
        at += segment.size
    out.finish(at)


def padded(core, path):
    """The file offset is the physical address; gaps are zeros: LiME's padded mode."""
    out = SparseFile(path)
    for segment in core.segments:
        for address, data in core.blocks(segment, PART):
            out.write_at(address, data)
    out.finish(core.end)


# LiME and its successor

LIME_HEADER = struct.Struct("<IIQQQ")
LIME_MAGIC, AVML_MAGIC = 0x4C694D45, 0x4C4D5641


def lime(core, path):
    with open(path, "wb") as out:
        for segment in core.segments:
            out.write(LIME_HEADER.pack(LIME_MAGIC, 1, segment.start,
                                       segment.start + segment.size - 1, 0))
            for _, data in core.blocks(segment, PART):
                out.write(data)


AVML_BLOCK = 16 * MIB
FRAME_START = b"\xff\x06\0\0sNaPpY"
FRAME_BYTES = 65536


def _masked(checksum):
    return ((checksum >> 15 | checksum << 17) + 0xa282ead8) & 0xffffffff


def frames(data):
    """`data` as framed snappy."""
    out = bytearray(FRAME_START)
    for at in range(0, len(data), FRAME_BYTES):
        part = data[at:at + FRAME_BYTES]
        packed, kind = codecs_c.snappy_pack(part), 0
        if len(packed) > len(part) - len(part) // 8:
            packed, kind = part, 1
        out += struct.pack("<II", kind | len(packed) + 4 << 8, _masked(codecs_c.crc32c(part)))
        out += packed
    return bytes(out)


def unframe(data):
    out, at = bytearray(), 0
    while at < len(data):
        head, = struct.unpack_from("<I", data, at)
        body = data[at + 4:at + 4 + (head >> 8)]
        at += 4 + len(body)
        if head & 0xff == 0xff:
            continue
        part = codecs_c.snappy_unpack(body[4:], FRAME_BYTES) if head & 0xff == 0 else body[4:]
        if struct.unpack_from("<I", body)[0] != _masked(codecs_c.crc32c(part)):
            raise ValueError("frame's checksum is wrong")
        out += part
    return bytes(out)


def avml(core, path):
    """Blocks of zeros are left out, as AVML does."""
    with open(path, "wb") as out:
        for segment in core.segments:
            for address, data in core.blocks(segment, AVML_BLOCK):
                if data.count(0) == len(data):
                    continue
                body = frames(data)
                out.write(LIME_HEADER.pack(AVML_MAGIC, 2, address, address + len(data) - 1, 0))
                out.write(body + struct.pack("<Q", len(body)))


# ELF cores

def _elf(core, path, version=1, counted_elsewhere=False):
    """Program headers right behind the file's: makedumpfile looks for them nowhere else."""
    count = len(core.segments) + 1
    table = 64
    section = table + 56 * count
    notes_at = section + (64 if counted_elsewhere else 0)
    data_at = notes_at + len(core.notes) + 4095 & ~4095
    ident = b"\x7fELF\x02\x01" + bytes([version]) + bytes(9)
    # More headers than 16 bits can count: e_phnum says so, the section's sh_info how many.
    header = ident + struct.pack("<HHIQQQIHHHHHH", 4, core.machine, version, 0, table,
                                 section if counted_elsewhere else 0, 0, 64, 56,
                                 0xffff if counted_elsewhere else count,
                                 64 if counted_elsewhere else 0,
                                 1 if counted_elsewhere else 0, 0)
    headers = struct.pack("<IIQQQQQQ", PT_NOTE, 0, notes_at, 0, 0, len(core.notes), 0, 0)
    at = data_at
    for segment in core.segments:
        headers += struct.pack("<IIQQQQQQ", PT_LOAD, 7, at, 0, segment.start, segment.size,
                               segment.size, 0)
        at += segment.size
    if counted_elsewhere:
        headers += struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
    out, end = SparseFile(path), at
    out.write_at(0, header + headers + core.notes)
    at = data_at
    for segment in core.segments:
        for address, data in core.blocks(segment, PART):
            out.write_at(at + address - segment.start, data)
        at += segment.size
    out.finish(end)


def elf(core, path):
    _elf(core, path)


def elf_vmcoreinfo(core, path):
    """With the note, whether or not QEMU wrote one."""
    core.adopt_vmcoreinfo()
    _elf(core, path)


def elf_version_0(core, path):
    """As VirtualBox writes it."""
    _elf(core, path, version=0)


def elf_many_headers(core, path):
    """The count of program headers is in a section header (PN_XNUM)."""
    _elf(core, path, counted_elsewhere=True)


# What makedumpfile makes; it wants a VMCOREINFO note, and a guest of its own architecture

def _makedumpfile(core, path, *options, parts=0):
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as scratch:
        source = f"{scratch}/source"
        elf_vmcoreinfo(core, source)
        targets = [f"{path}.{part}" for part in range(1, parts + 1)] if parts else [path]
        for target in targets:
            Path(target).unlink(missing_ok=True)
        if "-F" in options:
            with open(path, "wb") as out:
                subprocess.run(["makedumpfile", *options, source], check=True, stdout=out,
                               stderr=subprocess.DEVNULL)
            return
        done = subprocess.run(["makedumpfile", *options, source, *targets],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"makedumpfile: {done.stdout.strip()[-400:]}")


def _with_codec(codec, **options):
    return lambda core, path: kdump.write(core, path, codec, **options)


def _makedumpfile_with(*options, **more):
    return lambda core, path: _makedumpfile(core, path, *options, **more)


def flattened(core, path):
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as scratch:
        kdump.write(core, f"{scratch}/plain", "zlib")
        kdump.flatten(f"{scratch}/plain", path)


FORMATS = {
    "raw": raw,
    "padded": padded,
    "lime": lime,
    "avml": avml,
    "elf": elf,
    "elf-vmcoreinfo": elf_vmcoreinfo,
    "elf-version-0": elf_version_0,
    "elf-many-headers": elf_many_headers,
    "kdump-none": _with_codec("none"),
    "kdump-zlib": _with_codec("zlib"),
    "kdump-lzo": _with_codec("lzo"),
    "kdump-snappy": _with_codec("snappy"),
    "kdump-zstd": _with_codec("zstd"),
    "kdump-zstd-no-zeros": _with_codec("zstd", exclude_zero=True),
    "flattened": flattened,
    "makedumpfile-zlib": _makedumpfile_with("-c"),
    "makedumpfile-lzo": _makedumpfile_with("-l"),
    "makedumpfile-filtered": _makedumpfile_with("-c", "-d", "31"),
    "makedumpfile-flattened": _makedumpfile_with("-c", "-d", "1", "-F"),
    "makedumpfile-elf": _makedumpfile_with("-E", "-d", "1"),
    # Writes OUT.1, OUT.2 and OUT.3.
    "makedumpfile-split": _makedumpfile_with("-c", "-d", "31", "--split", "--splitblock-size", "16",
                                             parts=3),
}


def convert(source, name, path):
    FORMATS[name](ElfCore(source), path)


# Reading back

def _read_lime(path):
    with open(path, "rb") as file:
        while head := file.read(LIME_HEADER.size):
            magic, _, start, end, _ = LIME_HEADER.unpack(head)
            if magic == LIME_MAGIC:
                for at in range(start, end + 1, PART):
                    yield at, file.read(min(PART, end + 1 - at))
                continue
            # The length follows the body; the next header, or the end, follows the length.
            body = file.tell()
            rest = file.read(end + 1 - start + (end + 1 - start) // 4)
            at = len(FRAME_START)
            total = 0
            while total < end + 1 - start:
                frame, = struct.unpack_from("<I", rest, at)
                total += FRAME_BYTES
                at += 4 + (frame >> 8)
            if struct.unpack_from("<Q", rest, at)[0] != at:
                raise ValueError("the length behind a block is wrong")
            yield start, unframe(rest[:at])
            file.seek(body + at + 8)


def _read_elf(path):
    core = ElfCore(path)
    for segment in core.segments:
        yield from core.blocks(segment, PART)


def _read_flat(path):
    with tempfile.NamedTemporaryFile(dir=Path(path).parent) as plain:
        kdump.rebuild(path, plain.name)
        yield from kdump.pages(plain.name)


def _read_padded(path):
    with open(path, "rb") as file:
        at = 0
        while data := file.read(PART):
            yield at, data
            at += len(data)


def read_back(name, path):
    """(physical address, bytes) over everything the file holds; raw files do not say."""
    if name == "padded":
        return _read_padded(path)
    if name in ("lime", "avml"):
        return _read_lime(path)
    if name.startswith("elf") or name == "makedumpfile-elf":
        return _read_elf(path)
    if name.endswith("flattened"):
        return _read_flat(path)
    if name.endswith("split"):
        return (page for part in (1, 2, 3) for page in kdump.pages(f"{path}.{part}"))
    if "kdump" in name or "makedumpfile" in name:
        return kdump.pages(path)
    return None


def verify(source, name, path):
    """Compares the file with its source; returns (bytes the same, bytes that differ)."""
    core = ElfCore(source)
    same = different = 0
    pages = read_back(name, path)
    for address, data in pages or ():
        for segment in core.segments:
            inside = address - segment.start
            if 0 <= inside < segment.size:
                size = min(len(data), segment.size - inside)
                if core.at(segment.offset + inside, size) == data[:size]:
                    same += size
                else:
                    different += size
    return same, different
