"""Memory that the kernel's broadcast helpers do not set: twelve of an address's sixteen bytes, in a mask of IPv4.

Two masks are compared whole. So a question that is asked again replaces the expectation of the first one only where the
memory of both happened to hold the same bytes there, and is refused as a clash where it did not. What is in that memory
was left by earlier expectations, which is how to choose it.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ctcore.testing.packets import UDP
from ctcore.verify.netlink import ACK, EXCL_CREATE, Netfilter, attribute, nest

CT_NEW, EXP_NEW, EXP_DELETE = 0x100, 0x200, 0x202
ENDS = {socket.AF_INET: ("10.0.0.1", "10.0.0.2"), socket.AF_INET6: ("fd00::1", "fd00::2")}
ONES = {socket.AF_INET: "255.255.255.255", socket.AF_INET6: "ffff:" * 7 + "ffff"}
TFTP = 69
EXPECTATIONS = 40
"""More than two slabs' worth, so that the next ones are made where these were."""
FREED_AFTER = 0.2
"""Seconds until what was deleted may be used again (RCU)."""


@contextmanager
def one_processor() -> Iterator[None]:
    """Each processor has free memory of its own: stay with one of them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def leave_behind(ask: Netfilter, families: Sequence[socket.AddressFamily]) -> None:
    """Make expectations of these families in turn, and delete them.

    One of IPv4 leaves zeros in the twelve bytes, one of IPv6 leaves ones.
    """
    time.sleep(FREED_AFTER)  # what others have deleted comes first
    for family in families:
        ask.request(CT_NEW, _master(family), flags=ACK | EXCL_CREATE, family=family)
    for number in range(EXPECTATIONS):
        family = families[number % len(families)]
        ask.request(EXP_NEW, _expectation(family, 1000 + number), flags=ACK | EXCL_CREATE, family=family)
    ask.request(EXP_DELETE, flags=ACK)
    time.sleep(FREED_AFTER)


def _master(family: socket.AddressFamily) -> bytes:
    client, server = ENDS[family]
    return (
        nest(1, _tuple(family, client, server, 5, TFTP))
        + nest(2, _tuple(family, server, client, TFTP, 5))
        + attribute(7, struct.pack("!I", 60))
        + nest(5, attribute(1, b"tftp\0"))
    )


def _expectation(family: socket.AddressFamily, port: int) -> bytes:
    client, server = ENDS[family]
    return (
        nest(1, _tuple(family, client, server, 5, TFTP))
        + nest(2, _tuple(family, server, client, 0, port))
        + nest(3, _tuple(family, ONES[family], ONES[family], 0, 0xFFFF))
        + attribute(4, struct.pack("!I", 60))
    )


def _tuple(family: socket.AddressFamily, src: str, dst: str, sport: int, dport: int) -> bytes:
    first = 1 if family == socket.AF_INET else 3
    addresses = (attribute(first + n, socket.inet_pton(family, text)) for n, text in enumerate((src, dst)))
    ports = (attribute(2 + n, struct.pack("!H", port)) for n, port in enumerate((sport, dport)))
    return nest(1, *addresses) + nest(2, attribute(1, bytes([UDP])), *ports)
