"""The kdump-compressed format, and makedumpfile's flattened form of it."""

import struct
from dataclasses import dataclass
from typing import Callable

import codecs_c

# Page descriptor flags are the same bits as the header's status.
ZLIB, LZO, SNAPPY, ZSTD = 0x1, 0x2, 0x4, 0x20


@dataclass(frozen=True)
class Codec:
    flag: int
    pack: Callable


CODECS = {
    "none": Codec(0, lambda data: data),
    "zlib": Codec(ZLIB, codecs_c.zlib_pack),
    "lzo": Codec(LZO, codecs_c.lzo_pack),
    "snappy": Codec(SNAPPY, codecs_c.snappy_pack),
    "zstd": Codec(ZSTD, codecs_c.zstd_pack),
}
UNPACK = {
    ZLIB: codecs_c.zlib_unpack, LZO: codecs_c.lzo_unpack,
    SNAPPY: codecs_c.snappy_unpack, ZSTD: codecs_c.zstd_unpack,
}

DESCRIPTOR = struct.Struct("<QIIQ")
SUB_HEADER_BYTES = 104
UTS_FIELDS = (b"Linux", b"lab-guest", b"", b"", b"", b"")
UTS_MACHINE = {62: b"x86_64", 183: b"aarch64"}


def _padded(data, size):
    return data + bytes(-len(data) % size)


def _header(core, block, status, sub_blocks, bitmap_blocks, max_pfn):
    uts = list(UTS_FIELDS)
    uts[4] = UTS_MACHINE.get(core.machine, b"")
    info = core.note("VMCOREINFO") or b""
    for line in info.splitlines():
        if line.startswith(b"OSRELEASE="):
            uts[2] = line.split(b"=", 1)[1]
    header = bytearray(464)
    struct.pack_into("<8si", header, 0, b"KDUMP   ", 6)
    for index, text in enumerate(uts):
        struct.pack_into("65s", header, 12 + 65 * index, text)
    struct.pack_into("<IiiIIIIIIi", header, 424, status, block, sub_blocks, bitmap_blocks,
                     min(max_pfn, 0xffffffff), 0, 0, 0, 0, 2)
    return bytes(header)


def _sub_header(core, block, max_pfn, level):
    """The sub-header with its notes behind it, padded to whole blocks."""
    notes = core.notes
    info = core.note("VMCOREINFO")
    notes_at = block + SUB_HEADER_BYTES
    info_at = notes_at + notes.index(info) if info else 0
    fields = struct.pack("<QiiQQQQQQQQQQQ", 0, level, 0, 0, 0, info_at, len(info or b""),
                         notes_at, len(notes), 0, 0, 0, 0, max_pfn)
    return _padded(fields + notes, block)


def write(core, path, codec, exclude_zero=False):
    """`exclude_zero` filters pages of zeros; makedumpfile would have all share one descriptor."""
    block = core.page_size()
    chosen = CODECS[codec]
    max_pfn = -(-core.end // block)
    exists, dumped = bytearray(-(-max_pfn // 8)), bytearray(-(-max_pfn // 8))
    pages = []
    for segment in core.segments:
        for address, data in core.blocks(segment, block):
            pfn = address // block
            exists[pfn // 8] |= 1 << pfn % 8
            zero = data.count(0) == len(data)
            if zero and exclude_zero:
                continue
            dumped[pfn // 8] |= 1 << pfn % 8
            # Offsets in the segment's file, so that memory need not be held twice.
            pages.append((segment.offset + address - segment.start, zero))

    bitmaps = _padded(bytes(exists), block) + _padded(bytes(dumped), block)
    sub_header = _sub_header(core, block, max_pfn, int(exclude_zero))
    head = _padded(_header(core, block, chosen.flag, len(sub_header) // block,
                           len(bitmaps) // block, max_pfn), block) + sub_header + bitmaps
    descriptors, shared_zero = [], None
    with open(path, "wb") as out:
        at = len(head) + DESCRIPTOR.size * len(pages)
        out.seek(at)
        for offset, zero in pages:
            # As makedumpfile does.
            if zero and shared_zero:
                descriptors.append(shared_zero)
                continue
            data = core.at(offset, block)
            packed = chosen.pack(data)
            flag = chosen.flag
            if len(packed) >= block:
                packed, flag = data, 0
            out.write(packed)
            descriptor = DESCRIPTOR.pack(at, len(packed), flag, 0)
            descriptors.append(descriptor)
            if zero:
                shared_zero = descriptor
            at += len(packed)
        out.seek(0)
        out.write(head)
        out.write(b"".join(descriptors))


def pages(path):
    """Reads such a file back: (physical address, bytes) for each page that it holds."""
    with open(path, "rb") as file:
        header = file.read(464)
        if header[:8] not in (b"KDUMP   ", b"DISKDUMP"):
            raise ValueError(f"{path} is not kdump-compressed")
        block, sub_blocks, bitmap_blocks = struct.unpack_from("<iiI", header, 428)
        file.seek(block)
        sub_header = file.read(SUB_HEADER_BYTES)
        split, = struct.unpack_from("<i", sub_header, 12)
        first, last = struct.unpack_from("<QQ", sub_header, 80) if split else (0, 1 << 52)
        file.seek(block * (1 + sub_blocks))
        bitmaps = file.read(block * bitmap_blocks)
        dumped = bitmaps[len(bitmaps) // 2:]
        table = block * (1 + sub_blocks + bitmap_blocks)
        rank = 0
        for pfn in range(8 * len(dumped)):
            if not dumped[pfn // 8] >> pfn % 8 & 1 or not first <= pfn < last:
                continue
            file.seek(table + DESCRIPTOR.size * rank)
            rank += 1
            offset, size, flags, _ = DESCRIPTOR.unpack(file.read(DESCRIPTOR.size))
            file.seek(offset)
            data = file.read(size)
            for flag, unpack in UNPACK.items():
                if flags & flag:
                    data = unpack(data, block)
            yield pfn * block, data


FLAT_HEADER = b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)
FLAT_PART = struct.Struct(">qq")


def flatten(source, path, part=1 << 16):
    """Parts go last first, to say that their order means nothing."""
    with open(source, "rb") as file, open(path, "wb") as out:
        out.write(FLAT_HEADER.ljust(4096, b"\0"))
        size = file.seek(0, 2)
        for offset in range((size - 1) // part * part, -1, -part):
            file.seek(offset)
            data = file.read(part)
            out.write(FLAT_PART.pack(offset, len(data)) + data)
        out.write(FLAT_PART.pack(-1, -1))


def rebuild(source, path):
    """The plain file that a flattened one stands for."""
    with open(source, "rb") as file, open(path, "wb") as out:
        if file.read(32) != FLAT_HEADER:
            raise ValueError(f"{source} is not flattened")
        file.seek(4096)
        while (part := FLAT_PART.unpack(file.read(FLAT_PART.size)))[0] >= 0:
            out.seek(part[0])
            out.write(file.read(part[1]))
