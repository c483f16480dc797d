"""GRE, UDP-Lite and DCCP as bytes: what an IP packet carries, with right lengths and checksums."""

from __future__ import annotations

import struct
from typing import Final

from ctcore.testing.packets import UDP, IPv4, Transports, checksum

GRE: Final = 47
DCCP: Final = 33
UDPLITE: Final = 136

ETHERTYPE_IPV4: Final = 0x0800
PPP: Final = 0x880B


def gre(data: bytes = b"", *, flags: int = 0, version: int = 0, protocol: int = ETHERTYPE_IPV4) -> bytes:
    """A plain GRE packet (RFC 2784): ``flags`` are the upper 13 bits of its first word, in their place."""
    return struct.pack(">HH", flags | version, protocol) + data


def pptp_gre(call_id: int, data: bytes = b"", *, flags: int = 0x2000, protocol: int = PPP) -> bytes:
    """A packet of a PPTP call (RFC 2637), without sequence numbers: the receiver's ``call_id``, and the payload."""
    return struct.pack(">HHHH", flags | 1, protocol, len(data), call_id) + data


def udplite(
    ip: Transports,
    sport: int,
    dport: int,
    data: bytes = b"",
    *,
    coverage: int = 0,
    check: int | None = None,
    rfc: bool = False,
) -> bytes:
    """A UDP-Lite packet whose checksum covers ``coverage`` bytes (0: all).

    The checksum is what the kernel's conntrack takes for right, over another pseudo header than RFC 3828 has; with
    ``rfc`` it is the real one.
    """
    head = struct.pack(">HHH", sport, dport, coverage)
    if check is None:
        whole = head + bytes(2) + data
        pseudo = ip.pseudo_header(UDPLITE, len(whole)) if rfc else _partial(ip, UDP, len(whole))
        check = checksum(pseudo, whole[: coverage or len(whole)]) or 0xFFFF
    return ip.packet(UDPLITE, head + struct.pack(">H", check) + data)


def _partial(ip: Transports, protocol: int, length: int) -> bytes:
    """The kernel's pseudo header for checksums over a part: over IPv4 it has the low byte of the length alone."""
    return ip.pseudo_header(protocol, length & 0xFF if isinstance(ip, IPv4) else length)


def dccp(
    ip: Transports,
    sport: int,
    dport: int,
    kind: int,
    seq: int = 0,
    ack: int | None = None,
    data: bytes = b"",
    *,
    offset: int | None = None,
    coverage: int = 0,
    extended: bool = True,
    check: int | None = None,
) -> bytes:
    """A DCCP packet (RFC 4340) of a type, with 48-bit sequence numbers unless ``extended`` is false.

    ``offset`` (in words), ``coverage`` (the CsCov field) and ``check`` stand in for the right ones. The checksum is
    what conntrack took for right: with a coverage it is over so many words less one, from the header's beginning on.
    """
    numbers = bytes((0,)) + seq.to_bytes(6, "big") if extended else seq.to_bytes(3, "big")
    more = b"" if ack is None else bytes(2) + ack.to_bytes(6, "big")
    words = (9 + len(numbers) + len(more)) // 4 if offset is None else offset
    head = struct.pack(">HHBB", sport, dport, words, coverage)
    tail = bytes((kind << 1 | extended,)) + numbers + more
    if check is None:
        size = len(head) + 2 + len(tail) + len(data)
        covered = (coverage - 1) * 4 if coverage else size
        check = checksum(_partial(ip, DCCP, size), (head + bytes(2) + tail + data)[:covered])
    return ip.packet(DCCP, head + struct.pack(">H", check) + tail + data)
