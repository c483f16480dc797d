"""IPv4 packets as bytes, with right lengths and checksums, made with the standard library alone.

An ``IPv4`` says between whom and how a packet travels; its methods make whole packets. What they work out
(a length, a checksum, a data offset) can be given instead, for a packet that is wrong in one respect alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import pairwise
from typing import Final

ICMP: Final = 1
TCP: Final = 6
UDP: Final = 17

DONT_FRAGMENT: Final = 0x4000
MORE_FRAGMENTS: Final = 0x2000

TCP_FLAGS: Final = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20, "E": 0x40, "C": 0x80}
"""The letters of TCP flags, as tcpdump's manual has them."""

_IPV4: Final = struct.Struct(">BBHHHBBH4s4s")
_TCP: Final = struct.Struct(">HHIIBBHHH")


def checksum(*parts: bytes | bytearray) -> int:
    """The Internet checksum (RFC 1071) of ``parts`` put together; an odd last byte is padded with zero."""
    data = b"".join(parts)
    total: int = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def tcp_flags(letters: str) -> int:
    """The flags byte for letters such as ``"SA"``. Raises KeyError for a letter that is no flag."""
    return sum(TCP_FLAGS[letter] for letter in set(letters))


def tcp_options(*options: bytes) -> bytes:
    """Options one after the other, padded with no-operations to whole 32-bit words."""
    joined = b"".join(options)
    return joined + b"\x01" * (-len(joined) % 4)


def window_scale(shift: int) -> bytes:
    """The TCP option window scale (RFC 7323)."""
    return bytes((3, 3, shift))


def sack_permitted() -> bytes:
    """The TCP option SACK-permitted (RFC 2018)."""
    return b"\x04\x02"


def sack(*blocks: tuple[int, int]) -> bytes:
    """The TCP option SACK (RFC 2018): ``(left, right)`` edges, taken modulo 2**32."""
    edges = b"".join(struct.pack(">II", left % 2**32, right % 2**32) for left, right in blocks)
    return bytes((5, 2 + len(edges))) + edges


@dataclass(frozen=True, slots=True)
class IPv4:
    """Between whom packets travel, and the header fields that they have in common.

    ``src`` and ``dst`` are dotted decimals, ``options`` the header's options (padded with zeros to whole
    words); ``bad_checksum`` makes the checksum of the IPv4 header a wrong one.
    """

    src: str
    dst: str
    ttl: int = 64
    tos: int = 0
    ident: int = 0
    df: bool = False
    options: bytes = b""
    bad_checksum: bool = False

    @property
    def back(self) -> IPv4:
        """The same the other way round."""
        return replace(self, src=self.dst, dst=self.src)

    @property
    def addresses(self) -> bytes:
        """Source and destination in network order, one after the other."""
        return IPv4Address(self.src).packed + IPv4Address(self.dst).packed

    def packet(self, protocol: int, payload: bytes = b"", *, length: int | None = None, fragment: int = 0) -> bytes:
        """A packet with any payload.

        ``length`` (bytes) stands in for the header's total length, ``fragment`` is the 16-bit field of offset
        (in units of 8 bytes) and MORE_FRAGMENTS.
        """
        options = self.options + bytes(-len(self.options) % 4)
        header = bytearray(
            _IPV4.pack(
                0x40 | (_IPV4.size + len(options)) // 4,
                self.tos,
                _IPV4.size + len(options) + len(payload) if length is None else length,
                self.ident,
                fragment | (DONT_FRAGMENT if self.df else 0),
                self.ttl,
                protocol,
                0,
                self.addresses[:4],
                self.addresses[4:],
            )
            + options
        )
        struct.pack_into(">H", header, 10, checksum(header) ^ self.bad_checksum)
        return bytes(header) + payload

    def pseudo_header(self, protocol: int, length: int) -> bytes:
        """What a transport checksum covers beside the ``length`` bytes of the transport part."""
        return self.addresses + struct.pack(">HH", protocol, length)

    def tcp(
        self,
        sport: int,
        dport: int,
        flags: str = "A",
        seq: int = 0,
        ack: int = 0,
        *,
        window: int = 65535,
        options: bytes = b"",
        data: bytes = b"",
        data_offset: int | None = None,
        check: int | None = None,
    ) -> bytes:
        """A TCP segment. ``flags`` are letters of ``TCP_FLAGS``; ``seq`` and ``ack`` are taken modulo 2**32.

        ``options`` have whole words (see ``tcp_options``); ``data_offset`` (in words) and ``check`` stand in
        for the right ones.
        """
        words = (_TCP.size + len(options)) // 4 if data_offset is None else data_offset
        fields = (sport, dport, seq % 2**32, ack % 2**32, words << 4, tcp_flags(flags), window)
        segment = _TCP.pack(*fields, 0, 0) + options + data
        if check is None:
            check = checksum(self.pseudo_header(TCP, len(segment)), segment)
        return self.packet(TCP, _TCP.pack(*fields, check, 0) + options + data)

    def udp(
        self,
        sport: int,
        dport: int,
        data: bytes = b"",
        *,
        length: int | None = None,
        check: int | None = None,
    ) -> bytes:
        """A UDP datagram; ``length`` (bytes) and ``check`` stand in for the right ones."""
        fields = (sport, dport, 8 + len(data) if length is None else length)
        if check is None:
            datagram = struct.pack(">HHHH", *fields, 0) + data
            check = checksum(self.pseudo_header(UDP, len(datagram)), datagram) or 0xFFFF
        return self.packet(UDP, struct.pack(">HHHH", *fields, check) + data)

    def icmp(
        self, kind: int, code: int = 0, rest: bytes = bytes(4), data: bytes = b"", *, check: int | None = None
    ) -> bytes:
        """An ICMP message; ``rest`` are the four bytes before the data, ``check`` replaces the checksum."""
        if check is None:
            check = checksum(bytes((kind, code, 0, 0)), rest, data)
        return self.packet(ICMP, struct.pack(">BBH", kind, code, check) + rest + data)

    def echo(self, ident: int, sequence: int = 1, data: bytes = b"", *, kind: int = 8, code: int = 0) -> bytes:
        """An ICMP query (type ``kind``: 8 asks for an echo, 0 is one) with its identifier."""
        return self.icmp(kind, code, struct.pack(">HH", ident, sequence), data)

    def icmp_error(self, kind: int, code: int, quoted: bytes, *, rest: bytes = bytes(4)) -> bytes:
        """An ICMP error message (3 unreachable, 11 time exceeded ...) about the packet that it quotes."""
        return self.icmp(kind, code, rest, quoted)

    def fragments(self, protocol: int, payload: bytes, cuts: Iterable[int]) -> list[bytes]:
        """The fragments of a payload cut at ``cuts``, offsets in bytes that 8 divides."""
        places = [0, *cuts, len(payload)]
        last = places[-2]
        return [
            self.fragment(protocol, payload[start:end], start, more=start != last) for start, end in pairwise(places)
        ]

    def fragment(self, protocol: int, part: bytes, offset: int, *, more: bool) -> bytes:
        """The ``part`` of a payload from ``offset`` on; ValueError for an offset that 8 does not divide."""
        if offset % 8:
            raise ValueError(f"a fragment cannot begin at offset {offset}")
        return self.packet(protocol, part, fragment=offset // 8 | (MORE_FRAGMENTS if more else 0))


def payload_of(packet: bytes) -> bytes:
    """What an IPv4 packet carries."""
    return packet[(packet[0] & 15) * 4 :]


def shortened(packet: bytes, size: int) -> bytes:
    """The first ``size`` bytes of an IPv4 packet, its header made to say that this is all of it.

    Raises ValueError where the header would not be whole.
    """
    header = (packet[0] & 15) * 4
    if not header <= size <= len(packet):
        raise ValueError(f"a packet of {len(packet)} bytes cannot be shortened to {size}")
    cut = bytearray(packet[:size])
    struct.pack_into(">H", cut, 2, size)
    struct.pack_into(">H", cut, 10, 0)
    struct.pack_into(">H", cut, 10, checksum(cut[:header]))
    return bytes(cut)
