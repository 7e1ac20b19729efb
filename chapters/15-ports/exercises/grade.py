#!/usr/bin/env python3
"""Grades an exercise of chapter 15: grade.py 1|2|3 PROGRAM [OPTION...] [--seed N]

README.md lists the answers and exit codes.
"""

import ipaddress
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import grading  # noqa: E402

ADDRESSES = ("127.0.0.1", "0.0.0.0", "192.0.2.7", "2001:db8::1", "::1", "::")
WRONG_PORTS = ("65536", "-1", "x", "80x", " 80", "9-8", "99999999999999999999")


def join(address, host, port, protocol):
    text = port + (f"/{protocol}" if protocol else "")
    if address is not None:
        return f"{address}:{host}:{text}"
    return f"{host}:{text}" if host else text


def make_publish(generator):
    count = generator.choice((1, 1, 1, 2, 5))
    first = generator.randint(1, 60000)
    host_first = generator.choice((None, generator.randint(1, 60000)))
    address = generator.choice((None, None, *ADDRESSES))
    protocol = generator.choice(("", "tcp", "udp", "sctp"))
    span = lambda start, size: str(start) if size == 1 else f"{start}-{start + size - 1}"  # noqa: E731
    port = span(first, count)
    host = "" if host_first is None else span(host_first, count)
    kind = generator.random()
    if kind < 0.15:
        return grading.Case(words=(join(address, host, generator.choice(WRONG_PORTS), protocol),), code=1)
    if kind < 0.3:
        return grading.Case(words=(join(address, generator.choice(WRONG_PORTS), port, protocol),), code=1)
    if kind < 0.4 and count > 1:
        return grading.Case(words=(join(address, span(generator.randint(1, 60000), count + 1), port, protocol),), code=1)
    lines = [f"{address or '-'} {'-' if host_first is None else host_first + i} {first + i} {protocol or 'tcp'}"
             for i in range(count)]
    return grading.Case("\n".join(lines), words=(join(address, host, port, protocol),))


def make_lease(generator):
    length = generator.choice((16, 24, 28, 29, 30))
    subnet = ipaddress.ip_network((generator.randrange(1 << 32), length), strict=False)
    hosts = range(1, min(subnet.num_addresses - 1, 300))
    gateway = generator.choice((1, subnet.num_addresses - 2, generator.choice(hosts)))
    free = generator.choice((*hosts, None)) if len(hosts) < 300 else generator.choice(hosts)
    taken = [at for at in hosts if at != gateway and (free is None or at < free)]
    if free == gateway:
        free = next((at for at in range(free + 1, subnet.num_addresses - 1)), None)
    if free is None and subnet.num_addresses > 300:
        free = 300
    name = lambda at: f"s{int(subnet[at]):08x}"  # noqa: E731
    names = [name(at) for at in taken] + ["lo", "eth0", "suit0", "s0a58", "wlan0", f"x{int(subnet[1]):08x}"]
    generator.shuffle(names)
    return grading.Case("full" if free is None else name(free), words=(str(subnet), str(subnet[gateway]), *names))


def make_doorman(generator):
    names = ("br-a", "br-b", "inner-a", "inner-b", "eth0", "wlan0", "docker0")
    came, goes = generator.choice(names), generator.choice(names)
    state = generator.choice(("new", "established", "related"))
    translated = generator.choice(("yes", "no"))
    is_ours = lambda name: name.startswith(("br-", "inner-"))  # noqa: E731
    passes = came == goes or not ((is_ours(goes) and state == "new" and translated == "no") or came.startswith("inner-"))
    return grading.Case("pass" if passes else "drop", words=(came, goes, state, translated))


if __name__ == "__main__":
    sys.exit(grading.main(__doc__, {"1": make_publish, "2": make_lease, "3": make_doorman}))
