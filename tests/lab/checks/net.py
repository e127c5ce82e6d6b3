"""sockets, interfaces: against /proc/net and `ip addr` in every network namespace."""

import ipaddress
import re
import struct

from checking import Skip, to_bytes, to_int

TCP_STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT",
              7: "CLOSE", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING"}
TYPES = {1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket", 10: "packet"}
# What /proc/net/netlink and raw count by number, from netlink(7) and /etc/protocols.
NETLINK = {0: "route", 4: "sock_diag", 6: "xfrm", 7: "selinux", 9: "audit", 10: "fib_lookup", 11: "connector",
           12: "netfilter", 15: "kobject_uevent", 16: "generic", 18: "scsi", 20: "rdma", 21: "crypto"}
IP = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6", 255: "raw"}
# These end by themselves, in the seconds between telling and stopping: those that nobody has open,
# and a connection that nobody answers, after two minutes.
SHORT_LIVED = ("TIME_WAIT", "SYN_RECV", "FIN_WAIT2")


def namespaces(guest):
    """(number, directory of the truth) of each network namespace that a process told of."""
    for pid in guest.truth_names("proc"):
        if guest.truth_names(f"proc/{pid}/net"):
            number = re.fullmatch(rb"net:\[(\d+)\]", guest.truth(f"proc/{pid}/ns/net"))
            yield int(number[1]), f"proc/{pid}/net"


def end(text):
    """Address and port as /proc/net/tcp writes them: words of the machine in hex."""
    words, port = text.split(b":")
    raw = b"".join(struct.pack("<I", int(words[at:at + 8], 16)) for at in range(0, len(words), 8))
    return ipaddress.ip_address(raw), int(port, 16)


def address(cell):
    return cell and ipaddress.ip_address(cell)


def told_inet(guest, directory, file, protocol):
    """By kernel address: what a file of the form of /proc/net/tcp says."""
    told = {}
    for line in (guest.truth(f"{directory}/{file}") or b"").splitlines()[1:]:
        fields = line.split()
        (local, local_port), (remote, remote_port) = end(fields[1]), end(fields[2])
        family = "inet6" if local.version == 6 else "inet"
        state = TCP_STATES[int(fields[3], 16)]
        facts = {"family": family, "state": state, "local_address": local, "remote_address": remote,
                 "inode": int(fields[9]) or None, "protocol": protocol}
        if protocol is None:                        # raw: the port is the protocol
            facts["protocol"] = IP.get(local_port, str(local_port))
            facts["local_port"] = facts["remote_port"] = None
        else:
            facts |= {"local_port": local_port, "remote_port": remote_port}
        told[int(fields[11], 16)] = facts
    return told


def told_unix(guest, directory):
    told = {}
    for line in guest.truth(f"{directory}/unix").splitlines()[1:]:
        fields = re.match(rb"(\w+): \w+ \w+ (\w+) (\w+) (\w+) +(\d+)(?: (.*))?$", line, re.S)
        flags, state = int(fields[2], 16), int(fields[4], 16)
        listening = flags & 0x10000
        told[int(fields[1], 16)] = {
            "family": "unix", "type": TYPES[int(fields[3], 16)], "inode": int(fields[5]) or None,
            # SS_CONNECTED, or SS_CONNECTING: not accepted yet.
            "state": "LISTEN" if listening else "ESTABLISHED" if state in (2, 3) else "CLOSE",
            "path": fields[6]}
    return told


def told_netlink(text):
    told = {}
    for line in text.splitlines()[1:]:
        fields = line.split()
        protocol = int(fields[1])
        told[int(fields[0], 16)] = {"family": "netlink", "protocol": NETLINK.get(protocol, str(protocol)),
                                    "local_port": int(fields[2]), "inode": int(fields[9]) or None}
    return told


def told_packet(guest, directory):
    told = {}
    for line in guest.truth(f"{directory}/packet").splitlines()[1:]:
        fields = line.split()
        told[int(fields[0], 16)] = {"family": "packet", "type": TYPES[int(fields[2])],
                                    "protocol": f"0x{int(fields[3], 16):04x}", "inode": int(fields[8]) or None,
                                    "interface": int(fields[4]) or None}
    return told


def told_sockets(guest, directory):
    told = {}
    for file, protocol in (("tcp", "tcp"), ("tcp6", "tcp"), ("udp", "udp"), ("udp6", "udp"),
                           ("udplite", "udplite"), ("udplite6", "udplite"), ("raw", None), ("raw6", None)):
        told |= told_inet(guest, directory, file, protocol)
    told |= told_unix(guest, directory)
    told |= told_netlink(guest.truth(f"{directory}/netlink"))
    return told | told_packet(guest, directory)


def seen(row):
    row = dict(row)
    for end_ in ("local_address", "remote_address"):
        row[end_] = address(row[end_])
    row["path"] = to_bytes(row["path"])
    return row


def compare(report, rows, told, what):
    found = {to_int(row["address"]): seen(row) for row in rows}
    report.true(len(found) == len(rows), f"{what}: a socket comes twice")
    for at, facts in told.items():
        row = found.pop(at, None)
        if row is None and (facts.get("state") in SHORT_LIVED and facts["inode"] is None or
                            facts.get("state") == "SYN_SENT"):
            continue
        report.true(row is not None, f"{what}: {at:#x} is missing: {facts}")
        if row is not None:
            report.equal({name: row[name] for name in facts}, facts, f"{what} socket {at:#x}")
    for at, row in found.items():
        report.fail(f"{what}: {at:#x} is none of the guest's: {row}")


def check_owners(guest, report, rows):
    """tgid: the first process with a descriptor of it, in the order in which they started."""
    owners = {}
    for pid in sorted((int(name) for name in guest.truth_names("proc") if name.isdigit())):
        for fd in guest.truth_names(f"proc/{pid}/fd"):
            link = re.fullmatch(rb"socket:\[(\d+)\]", guest.truth(f"proc/{pid}/fd/{fd}"))
            if link:
                owners.setdefault(int(link[1]), set()).add(pid)
    for row in rows:
        have = owners.get(row["inode"], set())
        report.true(row["tgid"] in have if have else row["tgid"] is None,
                    f"socket {row['address']}: tgid {row['tgid']}, but the guest says {have}")
    tgid = next(row["tgid"] for row in rows if row["tgid"])
    report.equal(guest.rows("sockets", f"tgid={tgid}"), [row for row in rows if row["tgid"] == tgid],
                 f"sockets tgid={tgid}")


def check_sockets(guest, report):
    rows = guest.rows("sockets")
    states = {row["state"] for row in rows if row["protocol"] == "tcp"}
    report.true({"ESTABLISHED", "LISTEN", "CLOSE_WAIT"} <= states, f"few states: {states}")
    # Ping sockets are listed when the kernel names their table; the truth of older captures has none.
    pings = {}
    for number, directory in namespaces(guest):
        own = [row for row in rows if row["namespace"] == number]
        is_ping = lambda row: row["type"] == "dgram" and row["protocol"] in ("icmp", "icmpv6")
        compare(report, [row for row in own if not is_ping(row)], told_sockets(guest, directory),
                f"namespace {number}")
        if (pings := [row for row in own if is_ping(row)]):
            told = told_inet(guest, directory, "icmp", "icmp")
            compare(report, pings, told | told_inet(guest, directory, "icmp6", "icmpv6"), f"pings of {number}")
    bare = guest.truth("workload/netlink-bare.txt")
    if bare:
        number = int(re.search(rb"\d+", guest.truth("workload/namespace-bare.txt"))[0])
        compare(report, [row for row in rows if row["namespace"] == number], told_netlink(bare),
                f"namespace {number}, which nobody is in")
    check_owners(guest, report, rows)


def told_interfaces(text):
    """What busybox's `ip addr` says, by index."""
    told = {}
    for block in re.split(r"^(?=\d+: )", text, flags=re.M)[1:]:
        index, name, flags, mtu = re.match(r"(\d+): ([^:@]+)(?:@\w+)?: <(.*?)> mtu (\d+)", block).groups()
        mac = re.search(r"link/\w+ ([0-9a-f:]+)", block)
        inet = [f"{a}/{p}" for a, p in re.findall(r"inet6? ([0-9a-f.:]+)(?: peer [0-9a-f.:]+)?/(\d+)", block)]
        told[int(index)] = {"name": name, "mtu": int(mtu), "mac": mac and mac[1], "addresses": sorted(inet),
                            "up": "UP" in flags.split(",")}
    return told


def check_interfaces(guest, report):
    rows = guest.rows("interfaces")
    numbers = {number: directory for number, directory in namespaces(guest)}
    ends = {"addresses.txt": 1, "addresses-alone.txt": None}
    alone = [fact["pid"] for fact in guest.workload("sockets-alone") if fact["fact"] == "process"][0]
    for file, pid in (("addresses.txt", 1), ("addresses-alone.txt", alone), ("addresses-bare.txt", None)):
        text = guest.truth(f"workload/{file}")
        if text is None:
            continue
        link = guest.truth(f"proc/{pid}/ns/net" if pid else "workload/namespace-bare.txt")
        number = int(re.search(rb"\d+", link)[0])
        own = {row["index"]: row for row in rows if row["namespace"] == number}
        told = told_interfaces(text.decode())
        report.equal(sorted(own), sorted(told), f"interfaces of {file}")
        for index, facts in told.items():
            row = own.get(index)
            if row is None:
                continue
            got = {"name": row["name"], "mtu": row["mtu"], "mac": row["mac"],
                   "addresses": sorted(row["addresses"].split()), "up": row["state"] != "DOWN"}
            report.equal(got, facts, f"interface {facts['name']} of {file}")
    for name in guest.truth_names("sys/class/net"):
        row, = [row for row in rows if row["name"] == name and row["namespace"] in numbers and
                numbers[row["namespace"]] == first_directory(guest)]
        for column, path in (("index", "ifindex"), ("mtu", "mtu")):
            report.equal(row[column], int(guest.truth(f"sys/class/net/{name}/{path}")), f"{name} {column}")
        report.equal(row["state"].lower(), guest.truth(f"sys/class/net/{name}/operstate").decode().strip(),
                     f"{name} state")


def first_directory(guest):
    """The truth of the namespace that process 1 is in."""
    one = guest.truth("proc/1/ns/net")
    return next(directory for number, directory in namespaces(guest) if b"[%d]" % number in one)


def check(guest, report):
    if not guest.has_table("sockets"):
        raise Skip("no such table")
    check_sockets(guest, report)
    check_interfaces(guest, report)
