"""What the protocols with ports have in common: two 16-bit numbers that open the header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctcore.hookspecs import Fields
from ctcore.netlink import attr
from ctcore.packet import Packet

CTA_PROTO_SRC_PORT: Final = 2
CTA_PROTO_DST_PORT: Final = 3


def ports_of(pkt: Packet, dataoff: int) -> bytes | None:
    """Source and destination port as they stand, or None where the four bytes are not there."""
    return pkt.buf[dataoff : dataoff + 4] if pkt.avail - dataoff >= 4 else None


def invert_ports(u: bytes) -> bytes:
    """The ports change places."""
    return u[2:] + u[:2]


def print_ports(u: bytes) -> Fields:
    """``sport`` and ``dport``."""
    return (("sport", u[0] << 8 | u[1]), ("dport", u[2] << 8 | u[3]))


def save_ports(original: bytes, reply: bytes) -> Fields:
    """The options of ``conntrack -I`` for the ports of both directions."""
    (_, sport), (_, dport) = print_ports(original)
    (_, reply_src), (_, reply_dst) = print_ports(reply)
    return (("--sport", sport), ("--dport", dport), ("--reply-port-src", reply_src), ("--reply-port-dst", reply_dst))


def ports_to_nlattr(u: bytes) -> bytes:
    """CTA_PROTO_SRC_PORT and CTA_PROTO_DST_PORT."""
    return attr(CTA_PROTO_SRC_PORT, u[:2]) + attr(CTA_PROTO_DST_PORT, u[2:])


def nlattr_to_ports(attrs: Mapping[int, bytes]) -> bytes | None:
    """The ports from those attributes, or None where one is missing or has another size than two bytes."""
    source, destination = attrs.get(CTA_PROTO_SRC_PORT, b""), attrs.get(CTA_PROTO_DST_PORT, b"")
    return source + destination if len(source) == len(destination) == 2 else None
