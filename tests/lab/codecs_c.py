"""Compressors of a page or a block, through the system's C libraries."""

import ctypes
import subprocess
import tempfile
import zlib
from ctypes.util import find_library
from functools import cache
from pathlib import Path


@cache
def _library(name):
    found = find_library(name)
    if found is None:
        raise RuntimeError(f"lib{name} is missing; packages.txt lists what is needed")
    return ctypes.CDLL(found)


def _into(size):
    return ctypes.create_string_buffer(size), ctypes.c_size_t(size)


def zlib_pack(data):
    return zlib.compress(data, 1)


def zlib_unpack(data, _):
    return zlib.decompress(data)


def lzo_pack(data):
    out, length = _into(len(data) + len(data) // 16 + 67)
    scratch = ctypes.create_string_buffer(16384 * ctypes.sizeof(ctypes.c_void_p))
    if _library("lzo2").lzo1x_1_compress(data, ctypes.c_size_t(len(data)), out,
                                         ctypes.byref(length), scratch):
        raise RuntimeError("lzo failed")
    return out.raw[:length.value]


def lzo_unpack(data, size):
    out, length = _into(size)
    if _library("lzo2").lzo1x_decompress_safe(data, ctypes.c_size_t(len(data)), out,
                                              ctypes.byref(length), None):
        raise ValueError("bad lzo data")
    return out.raw[:length.value]


def snappy_pack(data):
    library = _library("snappy")
    library.snappy_max_compressed_length.restype = ctypes.c_size_t
    out, length = _into(library.snappy_max_compressed_length(ctypes.c_size_t(len(data))))
    if library.snappy_compress(data, ctypes.c_size_t(len(data)), out, ctypes.byref(length)):
        raise RuntimeError("snappy failed")
    return out.raw[:length.value]


def snappy_unpack(data, size):
    out, length = _into(size)
    if _library("snappy").snappy_uncompress(data, ctypes.c_size_t(len(data)), out,
                                            ctypes.byref(length)):
        raise ValueError("bad snappy data")
    return out.raw[:length.value]


def zstd_pack(data):
    library = _library("zstd")
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    size = library.ZSTD_compressBound(ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(size)
    length = library.ZSTD_compress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)), 1)
    return out.raw[:length]


def zstd_unpack(data, size):
    library = _library("zstd")
    library.ZSTD_decompress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(size)
    length = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if length > size:
        raise ValueError("bad zstd data")
    return out.raw[:length]


@cache
def _crc32c():
    source = Path(__file__).parent / "crc32c.c"
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", f"{scratch}/crc32c.so", source],
                       check=True)
        function = ctypes.CDLL(f"{scratch}/crc32c.so").crc32c
    function.restype = ctypes.c_uint32
    return function


def crc32c(data):
    return _crc32c()(data, ctypes.c_size_t(len(data)))
