"""IPv4 and IPv6 packets as bytes, with right lengths and checksums, made with the standard library alone.

An ``IPv4`` or ``IPv6`` says between whom and how a packet travels; its methods make whole packets. What they work out
(a length, a checksum, a data offset) can be given instead, for a packet that is wrong in one respect alone.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from ctcore.testing.transport import (
    TCP,
    TCP_FLAGS,
    UDP,
    Transports,
    checksum,
    sack,
    sack_permitted,
    tcp_flags,
    tcp_options,
    window_scale,
)

__all__ = [
    "DONT_FRAGMENT",
    "FRAGMENT",
    "HOP_BY_HOP",
    "ICMP",
    "ICMPV6",
    "MORE_FRAGMENTS",
    "TCP",
    "TCP_FLAGS",
    "UDP",
    "IPv4",
    "IPv6",
    "Transports",
    "checksum",
    "extension",
    "payload_of",
    "sack",
    "sack_permitted",
    "shortened",
    "tcp_flags",
    "tcp_options",
    "window_scale",
]

ICMP: Final = 1
ICMPV6: Final = 58

HOP_BY_HOP: Final = 0
FRAGMENT: Final = 44

DONT_FRAGMENT: Final = 0x4000
MORE_FRAGMENTS: Final = 0x2000

_IPV4: Final = struct.Struct(">BBHHHBBH4s4s")
_IPV6: Final = struct.Struct(">IHBB16s16s")


@dataclass(frozen=True, slots=True)
class IPv4(Transports):
    """Between whom packets travel, and the header fields that they have in common.

    ``src`` and ``dst`` are dotted decimals, ``options`` the header's options (padded with zeros to whole
    words); ``bad_checksum`` makes the checksum of the IPv4 header a wrong one.
    """

    icmp_number = ICMP
    echo_request = 8

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

    def icmp_pseudo_header(self, length: int) -> bytes:
        """Nothing (RFC 792)."""
        return b""

    def fragment(self, protocol: int, part: bytes, offset: int, *, more: bool) -> bytes:
        """The ``part`` of a payload from ``offset`` on; ValueError for an offset that 8 does not divide."""
        _check_offset(offset)
        return self.packet(protocol, part, fragment=offset // 8 | (MORE_FRAGMENTS if more else 0))


@dataclass(frozen=True, slots=True)
class IPv6(Transports):
    """Between whom packets travel, and the header fields that they have in common.

    ``extensions`` are the headers before the transport part, as ``(number, what follows the next header field)``: see
    ``extension``. ``ident`` is that of fragments.
    """

    icmp_number = ICMPV6
    echo_request = 128

    src: str
    dst: str
    hop_limit: int = 64
    traffic_class: int = 0
    flow_label: int = 0
    ident: int = 0
    extensions: tuple[tuple[int, bytes], ...] = ()

    @property
    def back(self) -> IPv6:
        """The same the other way round."""
        return replace(self, src=self.dst, dst=self.src)

    @property
    def addresses(self) -> bytes:
        """Source and destination in network order, one after the other."""
        return IPv6Address(self.src).packed + IPv6Address(self.dst).packed

    def packet(self, protocol: int, payload: bytes = b"", *, length: int | None = None) -> bytes:
        """A packet with any payload behind the extension headers; ``length`` (bytes) replaces the payload length."""
        following, rest = protocol, payload
        for number, body in reversed(self.extensions):
            rest = bytes((following,)) + body + rest
            following = number
        first = 6 << 28 | self.traffic_class << 20 | self.flow_label
        size = len(rest) if length is None else length
        source, destination = self.addresses[:16], self.addresses[16:]
        return _IPV6.pack(first, size, following, self.hop_limit, source, destination) + rest

    def pseudo_header(self, protocol: int, length: int) -> bytes:
        """What a transport checksum covers beside the ``length`` bytes of the transport part (RFC 8200, 8.1)."""
        return self.addresses + struct.pack(">II", length, protocol)

    def icmp_pseudo_header(self, length: int) -> bytes:
        """The same as of any transport part (RFC 4443, 2.3)."""
        return self.pseudo_header(ICMPV6, length)

    def fragment(self, protocol: int, part: bytes, offset: int, *, more: bool) -> bytes:
        """The ``part`` of a payload from ``offset`` on; ValueError for an offset that 8 does not divide."""
        _check_offset(offset)
        header = struct.pack(">BHI", 0, offset | more, self.ident)
        return replace(self, extensions=(*self.extensions, (FRAGMENT, header))).packet(protocol, part)


def extension(number: int, data: bytes = b"") -> tuple[int, bytes]:
    """An extension header whose length counts words of 8 bytes, as most do; zeros fill ``data`` up (RFC 8200, 4)."""
    filled = data + bytes(-(len(data) + 2) % 8)
    return number, bytes(((len(filled) + 2) // 8 - 1,)) + filled


def _check_offset(offset: int) -> None:
    if offset % 8:
        raise ValueError(f"a fragment cannot begin at offset {offset}")


def payload_of(packet: bytes) -> bytes:
    """What follows the IPv4 or IPv6 header of a packet."""
    return packet[_header_length(packet) :]


def _header_length(packet: bytes) -> int:
    return _IPV6.size if packet[0] >> 4 == 6 else (packet[0] & 15) * 4


def shortened(packet: bytes, size: int) -> bytes:
    """The first ``size`` bytes of a packet, its header made to say that this is all of it.

    Raises ValueError where the header would not be whole.
    """
    header = _header_length(packet)
    if not header <= size <= len(packet):
        raise ValueError(f"a packet of {len(packet)} bytes cannot be shortened to {size}")
    cut = bytearray(packet[:size])
    if packet[0] >> 4 == 6:
        struct.pack_into(">H", cut, 4, size - header)
        return bytes(cut)
    struct.pack_into(">H", cut, 2, size)
    struct.pack_into(">H", cut, 10, 0)
    struct.pack_into(">H", cut, 10, checksum(cut[:header]))
    return bytes(cut)
