"""Unpacks what the witness sent: records of (path, bytes), appended in the order they came.

A record is a line `<path bytes> <data bytes>\\n`, then the path, then the data. The witness
streams files whose length it cannot know, so one file may take many records. The last record
has the path END and no data.
"""

from pathlib import PurePosixPath

END = b"3 0\nEND"


def complete(stream, start=0):
    """Whether the file `stream` holds, from `start` on, everything the witness has to say."""
    try:
        with open(stream, "rb") as file:
            end = file.seek(0, 2)
            if end - len(END) < start:
                return False
            file.seek(end - len(END))
            return file.read() == END
    except FileNotFoundError:
        return False


def unpack(stream, directory, start=0):
    """Writes the files that the stream has from `start` on under `directory`; returns where they end."""
    started = set()
    with open(stream, "rb") as file:
        file.seek(start)
        while line := file.readline():
            path_bytes, data_bytes = map(int, line.split())
            name = file.read(path_bytes).decode()
            data = file.read(data_bytes)
            if name == "END":
                return file.tell()
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"witness named a path outside: {name!r}")
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "ab" if name in started else "wb") as out:
                out.write(data)
            started.add(name)
    raise ValueError("witness stopped before its end")
