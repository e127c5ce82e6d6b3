"""log: every record in order, against /dev/kmsg."""

import re

from checking import to_bytes

HEAD = re.compile(rb"(\d+),(\d+),(\d+),[^;]*?(?:,caller=([TC]\d+))?;(.*)")
ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


def records(text):
    """(level, facility, sequence, microseconds, caller, message, properties) of each record.

    /dev/kmsg escapes what is not printable, so a line is a record, or a property of the last.
    """
    found = []
    for line in text.split(b"\n"):
        if line.startswith(b" "):
            key, _, value = line[1:].partition(b"=")
            found[-1][-1][key] = value
        elif line:
            priority, sequence, time, caller, message = HEAD.fullmatch(line).groups()
            message = ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode()), message)
            found.append([int(priority) & 7, int(priority) >> 3, int(sequence), int(time), caller, message, {}])
    return found


def check(guest, report):
    rows = guest.rows("log")
    wanted = records(guest.truth("dev/kmsg"))
    report.equal([row["sequence"] for row in rows[:len(wanted)]], [record[2] for record in wanted],
                 "sequence numbers")
    # What came later is in the dump alone; the truth was told last of all.
    report.true(len(rows) - len(wanted) < 16, f"{len(rows) - len(wanted)} records more than the guest told")
    for row, (level, facility, sequence, time, caller, message, properties) in zip(rows, wanted):
        what = f"record {sequence}"
        report.equal((row["level"], row["facility"]), (level, facility), f"{what} priority")
        report.equal(row["time_ns"] // 1000, time, f"{what} time")
        report.equal(to_bytes(row["message"]), message, f"{what} message")
        for key, column in ((b"SUBSYSTEM", "subsystem"), (b"DEVICE", "device")):
            report.equal(to_bytes(row[column]) or None, properties.get(key), f"{what} {column}")
        if caller:
            report.equal(to_bytes(row["caller"]), caller, f"{what} caller")
