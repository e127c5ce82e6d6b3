"""Unpacks what the witness sent: records of (path, bytes), appended in the order they came.

A record is a line `<path bytes> <data bytes>\\n`, then the path, then the data. The witness
streams files whose length it cannot know, so one file may take many records. The last record
has the path END and no data.
"""

from pathlib import PurePosixPath

END = b"3 0\nEND"


def complete(stream):
    """Whether the file `stream` holds everything the witness has to say."""
    try:
        with open(stream, "rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - len(END)))
            return file.read() == END
    except FileNotFoundError:
        return False


def unpack(stream, directory):
    """Writes the files under `directory`."""
    started = set()
    with open(stream, "rb") as file:
        while line := file.readline():
            path_bytes, data_bytes = map(int, line.split())
            name = file.read(path_bytes).decode()
            data = file.read(data_bytes)
            if name == "END":
                return
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"witness named a path outside: {name!r}")
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "ab" if name in started else "wb") as out:
                out.write(data)
            started.add(name)
    raise ValueError("witness stopped before its end")
