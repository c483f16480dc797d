"""IPv6 for the generators: extension headers, wrong lengths, cuts, odd addresses, fragments, redirects."""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import IPv6Address
from random import Random
from typing import Final

from ctcore.testing.packets import IPv6, checksum
from ctcore.verify.fuzz.extensions import AUTHENTICATION, FRAGMENT, KINDS, NO_NEXT, chain, written
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import UNTRACKED

HEADER: Final = 40
NEXT: Final = 6  # where the header says what follows it
MORE: Final = 1
OFFSET: Final = 0xFFF8
REDIRECT: Final = 137

SUMS: Final = {6: 16, 17: 6, 58: 2}
"""Where a transport header has its checksum, by protocol."""

NO_PLUGIN: Final = frozenset({47, 132, 136})
"""Protocols that the kernel tracks, and that need more plugins here than IPv6 does."""

ODD_ADDRESSES: Final = (
    "::", "::1", "::2", "::ffff:10.0.1.2", "fe80::1", "fe80::2", "febf::1", "fec0::1", "fd00::1", "ff00::1", "ff01::1",
    "ff02::1", "ff02::1:ff00:2", "ff05::2", "ff0e::1", "ff11::1", "2002:a00:102::1", "64:ff9b::a00:102",
)  # fmt: skip


def walk(packet: bytes, until: int = NO_NEXT) -> tuple[int, int, int]:
    """(where the field is that names what the walk ends at, where that begins, what it is).

    It ends at a transport header, at a header of the kind ``until``, or where the packet does not go on.
    """
    place, at, number = NEXT, HEADER, packet[NEXT]
    while number in KINDS and number not in (NO_NEXT, until) and at + (8 if number == FRAGMENT else 2) <= len(packet):
        place, number, at = at, packet[at], at + size(packet, at, number)
    return place, min(at, len(packet)), number


def size(packet: bytes, at: int, number: int) -> int:
    """Bytes of the extension header of a kind that begins at ``at``, by its own account."""
    if number == FRAGMENT:
        return 8
    return (packet[at + 1] + 2) * 4 if number == AUTHENTICATION else (packet[at + 1] + 1) * 8


def mended(packet: bytes, *, total: int | None = None) -> bytes:
    """The packet with the right payload length, or that of a packet of ``total`` bytes."""
    length = (len(packet) if total is None else total) - HEADER
    return packet[:4] + struct.pack(">H", length % 65536) + packet[NEXT:]


def summed(packet: bytes) -> bytes:
    """The packet with the right transport checksum, where it has one and is no fragment."""
    _, at, number = walk(packet)
    place = at + SUMS.get(number, len(packet))
    if place + 2 > len(packet) or walk(packet, FRAGMENT)[2] == FRAGMENT:
        return packet
    part = packet[at:place] + bytes(2) + packet[place + 2 :]
    check = checksum(packet[8:HEADER], struct.pack(">II", len(part), number), part)
    return packet[:place] + struct.pack(">H", check or 0xFFFF) + packet[place + 2 :]


def with_headers(packet: bytes, headers: list[tuple[int, bytes]]) -> bytes:
    """The packet with these extension headers before all others."""
    following, data = written(headers, packet[NEXT])
    return mended(packet[:NEXT] + bytes((following,)) + packet[NEXT + 1 : HEADER] + data + packet[HEADER:])


def _options(rng: Random, packet: bytes) -> bytes:
    return with_headers(packet, chain(rng))


def _payload_length(rng: Random, packet: bytes) -> bytes:
    near = rng.choice((-20, -9, -8, -4, -1, 1, 2, 100, HEADER - len(packet), rng.getrandbits(16)))
    return mended(packet, total=len(packet) + near)


def _cut(rng: Random, packet: bytes) -> bytes:
    """Bytes are missing at the end, and the header knows it."""
    return mended(packet[: rng.randint(HEADER, max(HEADER, min(len(packet), HEADER + 60)))])


def _lost_end(rng: Random, packet: bytes) -> bytes:
    """Bytes are missing at the end, and the header does not know it."""
    return packet[: rng.randrange(len(packet))]


def _padding(rng: Random, packet: bytes) -> bytes:
    return packet + bytes(rng.choice((1, 2, 6, 18)))


def _version(rng: Random, packet: bytes) -> bytes:
    return bytes((rng.getrandbits(8),)) + packet[1:]


def _protocol(rng: Random, packet: bytes) -> bytes:
    number = rng.choice(V6.numbers)
    return packet[:NEXT] + bytes((number,)) + packet[NEXT + 1 :]


def _unimportant(rng: Random, packet: bytes) -> bytes:
    """Traffic class and flow label; the hop limit, which matters where it is at its end."""
    first = struct.pack(">I", 6 << 28 | rng.getrandbits(28))
    return first + packet[4:7] + bytes((rng.choice((0, 1, 2, 255, rng.randint(2, 255))),)) + packet[8:]


def _address(rng: Random, packet: bytes) -> bytes:
    """One address, or both, of a kind that is not for everybody; the checksum takes it into account."""
    for at in rng.choice(((8,), (24,), (8, 24))):
        packet = packet[:at] + IPv6Address(rng.choice(ODD_ADDRESSES)).packed + packet[at + 16 :]
    return summed(packet)


DISTURBANCES: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (
    _options, _options, _options, _options, _options, _payload_length, _cut, _lost_end, _padding, _version, _protocol,
    _unimportant, _address, _address,
)  # fmt: skip


class _V6(Family):
    """IPv6."""

    ethertype = 0x86DD
    hosts = ("2001:db8:1::2", "2001:db8:1::3", "2001:db8:2::2", "fd00:9::9")
    stranger = "2001:db8:77::77"
    header = HEADER
    width = 16
    numbers = tuple(number for number in range(256) if number == 1 or number not in (*UNTRACKED, *KINDS))
    queries = (128, 139)
    answers = (129, 140)
    errors = (1, 2, 3, 4, 127)
    other_types = (*range(6), 100, 101, 127, *range(128, 160), 200, 255)

    def between(self, source: str, destination: str) -> IPv6:
        """Packets from one address to another."""
        return IPv6(source, destination)

    def addresses(self, packet: bytes) -> tuple[str, str]:
        """Source and destination, as text."""
        about = packet[8:HEADER] if len(packet) >= HEADER else bytes(32)
        return str(IPv6Address(about[:16])), str(IPv6Address(about[16:]))

    def header_length(self, packet: bytes) -> int:
        """That of the header and of the extension headers behind it."""
        return walk(packet)[1] if len(packet) >= HEADER else HEADER

    def mended(self, packet: bytes, *, total: int | None = None) -> bytes:
        """The payload length."""
        return mended(packet, total=total)

    def with_options(self, rng: Random, packet: bytes) -> bytes:
        """There are more extension headers, all within the packet: behind a fragment's end may be anything."""
        longer = _options(rng, packet)
        _, at, number = walk(longer)
        return packet if at == len(longer) or number in NO_PLUGIN else longer

    def with_other_length(self, rng: Random, packet: bytes) -> bytes:
        """The first byte or the payload length is another one."""
        return _version(rng, packet) if rng.random() < 0.5 else packet[:4] + rng.randbytes(2) + packet[NEXT:]

    def as_fragment(self, rng: Random, packet: bytes) -> bytes:
        """A fragment header stands before all others."""
        field = rng.choice((0, 1, 8, 9, 6, OFFSET))
        return with_headers(packet, [(FRAGMENT, struct.pack(">BHI", 0, field, 7))]) if len(packet) >= HEADER else packet

    def disturbed(self, rng: Random, packet: bytes) -> bytes:
        """The packet with something odd about its headers."""
        if len(packet) < HEADER:
            return packet
        changed = rng.choice(DISTURBANCES)(rng, packet)
        known = len(changed) < HEADER or walk(changed)[2] not in NO_PLUGIN
        return changed if known else packet

    def prepared(self, rng: Random, packet: bytes) -> bytes:
        """Some have extension headers, which each of their fragments repeats."""
        return packet if len(packet) < HEADER or rng.random() < 0.8 else self.with_options(rng, packet)

    def piece(self, header: bytes, ident: int, start: int, data: bytes, more: bool) -> bytes:
        """The headers as they were, and a fragment header behind them."""
        place = walk(header)[0]
        fragment = struct.pack(">BBHI", header[place], 0, start & OFFSET | more, ident)
        return mended(header[:place] + bytes((FRAGMENT,)) + header[place + 1 :] + fragment + data)

    def moved(self, piece: bytes, words: int) -> bytes:
        """Another offset."""
        at = _fragment_field(piece)
        if at is None:
            return piece
        (field,) = struct.unpack_from(">H", piece, at)
        return piece[:at] + struct.pack(">H", field & ~OFFSET | (field & OFFSET) + words * 8 & OFFSET) + piece[at + 2 :]

    def marked(self, rng: Random, piece: bytes) -> bytes:
        """More fragments, congestion, or what no receiver may look at."""
        at = _fragment_field(piece)
        luck = rng.randrange(3)
        if luck == 0 or at is None:
            return piece[:1] + bytes((rng.choice((0, 0x10, 0x20, 0x30, 0x80)),)) + piece[2:]
        if luck == 1:
            return piece[: at + 1] + bytes((piece[at + 1] ^ MORE,)) + piece[at + 2 :]
        return piece[: at - 1] + rng.randbytes(1) + piece[at : at + 1] + bytes((piece[at + 1] ^ 6,)) + piece[at + 2 :]

    def inside(self, piece: bytes, words: int, data: bytes) -> bytes:
        """With the same identification."""
        at = _fragment_field(piece)
        if at is None:
            return piece
        (field,) = struct.unpack_from(">H", piece, at)
        start = (field & OFFSET) + words * 8 & OFFSET
        return mended(piece[:at] + struct.pack(">H", start | MORE) + piece[at + 2 : at + 6] + data)

    def redirected(self, rng: Random, error: bytes, quoted: bytes) -> bytes:
        """Instead of some errors a redirect, which is valid as a rule."""
        if rng.random() < 0.85:
            return error
        source = rng.choice(("fe80::1",) * 8 + (self.hosts[0],))
        ip = IPv6(source, self.addresses(error)[1], hop_limit=rng.choice((255,) * 8 + (254,)))
        kind, length = rng.choice((4,) * 8 + (1, 2, 0)), rng.choice((1 + len(quoted) // 8,) * 8 + (0, 1))
        option = bytes((kind, length & 0xFF)) + bytes(6) + quoted
        body = rng.randbytes(32) + rng.choice((option,) * 12 + (b"", option[:1], option[:2], option[:7]))
        whole = ip.icmp(REDIRECT, rng.choice((0,) * 8 + (1,)), bytes(4), body)
        return summed(mended(whole[: rng.randrange(HEADER, len(whole))])) if rng.random() < 0.1 else whole


def _fragment_field(packet: bytes) -> int | None:
    """Where the first fragment header has offset and flags, all of it being there."""
    _, at, number = walk(packet, FRAGMENT)
    return at + 2 if number == FRAGMENT and at + 8 <= len(packet) else None


V6: Final = _V6()
