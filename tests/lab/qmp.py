"""Just enough of QEMU's monitor protocol: connect, ask, wait for the answer."""

import json
import socket
import time


class Monitor:
    def __init__(self, path, process):
        self._socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self._socket.connect(str(path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if process.poll() is not None:
                    raise RuntimeError("QEMU ended before its monitor was there") from None
                time.sleep(0.05)
        self._lines = self._socket.makefile("r")
        json.loads(self._lines.readline())
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self._lines.readline())
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def human(self, line):
        return self.ask("human-monitor-command", **{"command-line": line})
