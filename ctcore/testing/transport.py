"""Transport parts as bytes, with right lengths and checksums, for packets of any address family."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import pairwise
from typing import ClassVar, Final

TCP: Final = 6
UDP: Final = 17

TCP_FLAGS: Final = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20, "E": 0x40, "C": 0x80}
"""The letters of TCP flags, as tcpdump's manual has them."""

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


class Transports:
    """The packets that travel between two hosts; what is below them is for a subclass, one for each address family.

    ``icmp_number`` is the protocol of its ICMP, ``echo_request`` the type that asks for an echo.
    """

    __slots__ = ()
    icmp_number: ClassVar[int]
    echo_request: ClassVar[int]

    @property
    def back(self) -> Transports:
        """The same the other way round."""
        raise NotImplementedError

    def packet(self, protocol: int, payload: bytes = b"") -> bytes:
        """A packet with any payload."""
        raise NotImplementedError

    def pseudo_header(self, protocol: int, length: int) -> bytes:
        """What a transport checksum covers beside the ``length`` bytes of the transport part."""
        raise NotImplementedError

    def fragment(self, protocol: int, part: bytes, offset: int, *, more: bool) -> bytes:
        """The ``part`` of a payload from ``offset`` on; ValueError for an offset that 8 does not divide."""
        raise NotImplementedError

    def icmp_pseudo_header(self, length: int) -> bytes:
        """What the checksum of an ICMP message of ``length`` bytes covers beside it."""
        raise NotImplementedError

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
            pseudo = self.icmp_pseudo_header(4 + len(rest) + len(data))
            check = checksum(pseudo, bytes((kind, code, 0, 0)), rest, data)
        return self.packet(self.icmp_number, struct.pack(">BBH", kind, code, check) + rest + data)

    def echo(
        self, ident: int, sequence: int = 1, data: bytes = b"", *, kind: int | None = None, code: int = 0
    ) -> bytes:
        """An ICMP query (type ``kind``: one that asks for an echo where it is not given) with its identifier."""
        return self.icmp(self.echo_request if kind is None else kind, code, struct.pack(">HH", ident, sequence), data)

    def icmp_error(self, kind: int, code: int, quoted: bytes, *, rest: bytes = bytes(4)) -> bytes:
        """An ICMP error message (of IPv4, 3 unreachable, 11 time exceeded ...) about the packet that it quotes."""
        return self.icmp(kind, code, rest, quoted)

    def fragments(self, protocol: int, payload: bytes, cuts: Iterable[int]) -> list[bytes]:
        """The fragments of a payload cut at ``cuts``, offsets in bytes that 8 divides."""
        places = [0, *cuts, len(payload)]
        last = places[-2]
        return [
            self.fragment(protocol, payload[start:end], start, more=start != last) for start, end in pairwise(places)
        ]
