"""modules, module_sections: against /proc/modules and /sys/module."""

from checking import to_bytes, to_int


def check_modules(guest, report):
    rows = guest.rows("modules")
    lines = [line.split() for line in guest.truth("proc/modules").splitlines()]
    report.equal([to_bytes(row["name"]) for row in rows], [line[0] for line in lines], "modules in order")
    for row, line in zip(rows, lines):
        name, size, references, _, state, address = line[:6]
        what = f"module {name.decode()}"
        report.equal(row["bytes"], int(size), f"{what} bytes")
        report.equal(row["references"], int(references), f"{what} references")
        report.equal(row["state"], state.decode(), f"{what} state")
        report.equal(to_int(row["base"]), int(address, 16), f"{what} base")
        taints = line[6].strip(b"()") if len(line) > 6 else b""
        report.equal(to_bytes(row["taints"]) or b"", taints, f"{what} taints")
        version = guest.truth(f"sys/module/{name.decode()}/version")
        report.equal(to_bytes(row["version"]), version and version.rstrip(b"\n"), f"{what} version")


def check_sections(guest, report):
    rows = guest.rows("module_sections")
    sections = {}
    for row in rows:
        if row["kind"] == "section":
            sections.setdefault(row["module"], {})[row["name"]] = to_int(row["address"])
    bases = {row["module"]: to_int(row["address"]) for row in rows if row["kind"] == "text"}
    for row in guest.rows("modules"):
        name = row["name"]
        report.equal(bases.get(name), to_int(row["base"]), f"module {name} text")
        wanted = {section: int(guest.truth(f"sys/module/{name}/sections/{section}"), 16)
                  for section in guest.truth_names(f"sys/module/{name}/sections")}
        report.equal(sections.get(name, {}), wanted, f"module {name} sections")


def check(guest, report):
    check_modules(guest, report)
    check_sections(guest, report)
