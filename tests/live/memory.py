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
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ctcore.helper import Assignment
from ctcore.testing.packets import UDP, IPv4, IPv6
from ctcore.verify.namespace import Namespace
from ctcore.verify.netlink import ACK, DUMP, Netfilter

EXP_GET, EXP_DELETE = 0x201, 0x202
TFTP = 69
CLIENTS = {
    socket.AF_INET: (0x0800, IPv4("10.0.1.2", "10.0.2.2")),
    socket.AF_INET6: (0x86DD, IPv6("2001:db8:1::2", "2001:db8:0:0:2::2")),
}
EXPECTATIONS = 400
"""More than the kernel keeps room for without need (some 200), so that the next ones are made where these were."""
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


def leave_behind(*families: socket.AddressFamily) -> None:
    """Have the kernel's TFTP helper expect answers of these families in turn, and delete what it expects.

    An expectation of IPv4 leaves zeros in the twelve bytes, one of IPv6 leaves ones.
    """
    time.sleep(FREED_AFTER)  # what others have deleted comes first
    with Namespace(helpers=[Assignment("tftp", family, UDP, TFTP) for family in families]) as space:
        for number in range(EXPECTATIONS):
            ethertype, client = CLIENTS[families[number % len(families)]]
            request = client.udp(1000 + number, TFTP, b"\0\1file\0octet\0")
            os.write(space.inner, struct.pack("!HH", 0, ethertype) + request)
        with space.entered():
            ask = Netfilter()
        with closing(ask):
            assert len(ask.request(EXP_GET, flags=DUMP)) == EXPECTATIONS
            ask.request(EXP_DELETE, flags=ACK)
    time.sleep(FREED_AFTER)
