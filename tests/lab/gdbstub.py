"""Reads every register of every virtual CPU through QEMU's debugger port.

QEMU's monitor does not show arm64 system registers; the port does, under the same names that
the architecture manual uses, and it knows x86 control registers as well.
"""

import re
import socket
import xml.etree.ElementTree as ElementTree


class Debugger:
    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rb")
        self._ask("qSupported:xmlRegisters=i386,aarch64")

    def _ask(self, text):
        data = text.encode()
        self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        while self._stream.read(1) != b"$":
            pass
        body = bytearray()
        while (byte := self._stream.read(1)) != b"#":
            # '}' escapes the byte after it.
            body += bytes([self._stream.read(1)[0] ^ 0x20]) if byte == b"}" else byte
        self._stream.read(2)
        self._socket.sendall(b"+")
        return bytes(body)

    def _document(self, name):
        text = b""
        while True:
            part = self._ask(f"qXfer:features:read:{name}:{len(text):x},800")
            text += part[1:]
            if part[:1] != b"m":
                return text.decode()

    def _numbers(self):
        """Register names in the order of their numbers, over all documents of the target."""
        numbers, following = {}, 0
        for name in re.findall(r'xi:include href="([^"]+)"', self._document("target.xml")):
            for register in ElementTree.fromstring(self._document(name)).iter("reg"):
                following = int(register.get("regnum", following))
                numbers[register.get("name")] = following
                following += 1
        return numbers

    def registers(self):
        """One dict a CPU: name to value."""
        numbers = self._numbers()
        cpus = []
        threads = self._ask("qfThreadInfo")[1:].decode()
        while (more := self._ask("qsThreadInfo").decode()) != "l":
            threads += "," + more[1:]
        for thread in threads.split(","):
            self._ask(f"Hg{thread}")
            values = {}
            for name, number in numbers.items():
                answer = self._ask(f"p{number:x}").decode()
                if answer and not answer.startswith("E"):
                    values[name] = f"0x{int.from_bytes(bytes.fromhex(answer), 'little'):x}"
            cpus.append(values)
        return cpus

    def close(self):
        self._socket.close()
