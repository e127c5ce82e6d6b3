"""extract: cached files written from their pages have the digests that the guest printed."""

import hashlib
import json
import re
import tempfile
from pathlib import Path

from checking import to_bytes

MISSING = re.compile(r"not in the dump: bytes (\d+) to (\d+)")


def holes(error):
    return [(int(first), int(last)) for first, last in MISSING.findall(error)]


def check_folders(guest, report, digests):
    """Every file system of the workload into a folder: whole files have their digests, others their holes."""
    whole = partial = 0
    for row in guest.rows("superblocks"):
        if not (row["mount_point"] or "").startswith("/mnt/"):
            continue
        with tempfile.TemporaryDirectory(prefix="kernlens-extract-") as directory:
            folder = Path(directory) / "folder"
            _, status, error = guest.run("extract", guest.dump, "--superblock", row["device"], "-o", folder)
            report.true(status in (0, 4), f"extract {row['mount_point']} exits {status}: {error.strip()[:200]}")
            if status not in (0, 4):
                continue
            for line in map(json.loads, (folder / "report.ndjson").read_text().splitlines()):
                path = to_bytes(line["path"])
                told = path and guest.truth("mincore" + path.decode(errors="surrogateescape"))
                digest = path and digests.get(path.hex())
                if not digest or told is None:
                    continue
                data = (folder / "files" / line["file"]).read_bytes()
                partial += bool(line["missing"])
                if not line["missing"]:
                    whole += 1
                    report.equal(hashlib.sha256(data).hexdigest(), digest, f"digest of {line['file']}")
                for start, end in line["missing"]:
                    pages = range(start // guest.page_size, (end - 1) // guest.page_size + 1)
                    report.true(not any(told[page] & 1 for page in pages if page < len(told)),
                                f"{line['file']}: {start} to {end} is cached")
    report.true(whole >= 10, f"only {whole} whole files in folders")
    report.true(partial >= 2, f"only {partial} files in part in folders")


def check(guest, report):
    facts = guest.workload("files")
    digests = {fact["path_hex"]: fact["sha256"] for fact in facts if fact["fact"] == "digest"}
    sizes = {fact["path_hex"]: fact["bytes"] for fact in facts if fact["fact"] == "file"}
    named = {to_bytes(row["path"]) for row in guest.rows("inodes", columns=["path"]) if row["path"]}
    whole = partial = 0
    with tempfile.TemporaryDirectory(prefix="kernlens-extract-") as directory:
        for number, path_hex in enumerate(sorted(set(digests) & set(sizes))):
            path = bytes.fromhex(path_hex)
            told = guest.truth("mincore" + path.decode(errors="surrogateescape"))
            if path not in named or b"\n" in path or told is None:
                continue  # known by another of its names, or no file of this part
            out = Path(directory) / str(number)
            name = "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else f"\\x{byte:02x}" for byte in path)
            _, status, error = guest.run("extract", guest.dump, "--path", name, "-o", out)
            what = f"extract {name}"
            report.true(status in (0, 4), f"{what} exits {status}: {error.strip()[:200]}")
            if status not in (0, 4):
                continue
            report.equal(out.stat().st_size, sizes[path_hex], f"{what} size")
            if status == 0:
                whole += 1
                report.equal(hashlib.sha256(out.read_bytes()).hexdigest(), digests[path_hex], f"{what} digest")
            else:
                partial += 1
                # Each range that is said to be missing is one that mincore does not have.
                for first, last in holes(error):
                    pages = range(first // guest.page_size, last // guest.page_size + 1)
                    report.true(not any(told[page] & 1 for page in pages if page < len(told)),
                                f"{what}: {first} to {last} is cached")
            _, again, _ = guest.run("extract", guest.dump, "--path", name, "-o", out)
            report.equal(again, 1, f"{what} over a file that is there")
    check_folders(guest, report, digests)
    report.true(whole >= 10, f"only {whole} whole files")
    report.true(partial >= 2, f"only {partial} files in part")
