"""IPv4 for the generators: options, wrong lengths, cuts, odd protocols, fragments."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import Final

from ctcore.testing.packets import IPv4, checksum
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.options import options

UNTRACKED: Final = frozenset({1, 6, 17, 47, 58, 132, 136})
"""Protocols with a tracker of their own, in the kernel at least."""

MORE: Final = 0x2000
OFFSET: Final = 0x1FFF


def header_length(packet: bytes | bytearray) -> int:
    """The length (bytes) that an IPv4 header says it has."""
    return (packet[0] & 15) * 4


def mended(packet: bytes | bytearray, *, total: int | None = None) -> bytes:
    """The packet with the right total length (or ``total``) and the right IPv4 header checksum."""
    whole = bytearray(packet)
    struct.pack_into(">H", whole, 2, len(whole) if total is None else total % 65536)
    struct.pack_into(">H", whole, 10, 0)
    struct.pack_into(">H", whole, 10, checksum(whole[: header_length(packet)]))
    return bytes(whole)


def with_options(packet: bytes, added: bytes) -> bytes:
    """The packet with these options instead of its own; they are padded to whole words, and cut at 40 bytes."""
    padded = (added + bytes(-len(added) % 4))[:40]
    first = bytes([0x40 | (20 + len(padded)) // 4])
    return mended(first + packet[1:20] + padded + packet[header_length(packet) :])


def _options(rng: Random, packet: bytes) -> bytes:
    return with_options(packet, options(rng))


def _header_length(rng: Random, packet: bytes) -> bytes:
    """The header claims another length, and has the right checksum for it where it can."""
    other = bytes([rng.choice((0x40, 0x50, 0x60)) | rng.randrange(16)]) + packet[1:]
    if rng.random() < 0.8:
        other = bytes([0x40 | other[0] & 15]) + packet[1:]
    return mended(other) if header_length(other) >= 20 and len(other) >= header_length(other) else other


def _total_length(rng: Random, packet: bytes) -> bytes:
    near = rng.choice((-20, -9, -8, -4, -1, 1, 2, 100, -len(packet), rng.getrandbits(16)))
    return mended(packet, total=len(packet) + near)


def _cut(rng: Random, packet: bytes) -> bytes:
    """Bytes are missing at the end, and the header knows it."""
    header = header_length(packet)
    return mended(packet[: rng.randint(header, max(header, min(len(packet), header + 40)))])


def _lost_end(rng: Random, packet: bytes) -> bytes:
    """Bytes are missing at the end, and the header does not know it."""
    return packet[: rng.randrange(len(packet))]


def _padding(rng: Random, packet: bytes) -> bytes:
    return packet + bytes(rng.choice((1, 2, 6, 18)))


def _checksum(rng: Random, packet: bytes) -> bytes:
    return packet[:10] + struct.pack(">H", rng.getrandbits(16)) + packet[12:]


def _protocol(rng: Random, packet: bytes) -> bytes:
    number = rng.randrange(256)
    return packet if number in UNTRACKED else mended(packet[:9] + bytes([number]) + packet[10:])


def _unimportant(rng: Random, packet: bytes) -> bytes:
    """Type of service, identification, don't fragment, time to live."""
    fields = struct.pack(">HBB", rng.getrandbits(16), rng.choice((0, 0x40)), 0)
    return mended(
        packet[:1] + bytes([rng.getrandbits(8)]) + packet[2:4] + fields + bytes([rng.randint(2, 255)]) + packet[9:]
    )


def _evil(rng: Random, packet: bytes) -> bytes:
    """The reserved bit of the flags, or an offset that makes a fragment of it."""
    return mended(packet[:6] + bytes([packet[6] | rng.choice((0x80, 0xC0, 0x20))]) + packet[7:])


DISTURBANCES: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (
    _options, _options, _options, _options, _header_length, _total_length, _cut, _lost_end, _padding, _checksum,
    _protocol, _unimportant, _evil,
)  # fmt: skip


class _V4(Family):
    """IPv4."""

    ethertype = 0x0800
    hosts = ("10.0.1.2", "10.0.1.3", "10.0.2.2", "192.0.2.9")
    stranger = "192.0.2.77"
    header = 20
    width = 4
    numbers = tuple(number for number in range(256) if number not in UNTRACKED)
    queries = (8, 13, 15, 17)
    answers = (0, 14, 16, 18)
    errors = (3, 4, 5, 11, 12)
    other_types = (*range(20), 30, 40, 128)

    def between(self, source: str, destination: str) -> IPv4:
        """Packets from one address to another."""
        return IPv4(source, destination)

    def addresses(self, packet: bytes) -> tuple[str, str]:
        """Source and destination, as text."""
        about = packet[12:20] if len(packet) >= 20 else bytes(8)
        source, destination = (".".join(map(str, about[at : at + 4])) for at in (0, 4))
        return source, destination

    def header_length(self, packet: bytes) -> int:
        """The length that the header says it has."""
        return header_length(packet)

    def mended(self, packet: bytes, *, total: int | None = None) -> bytes:
        """Total length and header checksum."""
        return mended(packet, total=total)

    def with_options(self, rng: Random, packet: bytes) -> bytes:
        """The header's options are other ones."""
        return with_options(packet, options(rng))

    def with_other_length(self, rng: Random, packet: bytes) -> bytes:
        """The first byte or the total length is another one."""
        if rng.random() < 0.5:
            return bytes([rng.choice((0x40, 0x60)) | rng.randrange(16)]) + packet[1:]
        return packet[:2] + rng.randbytes(2) + packet[4:]

    def as_fragment(self, rng: Random, packet: bytes) -> bytes:
        """The flags and the offset are those of a fragment."""
        return packet[:6] + rng.choice((b"\x20\0", b"\x20\1", b"\0\1", b"\x40\0", b"\x9f\xff")) + packet[8:]

    def disturbed(self, rng: Random, packet: bytes) -> bytes:
        """The packet with something odd about its header."""
        return rng.choice(DISTURBANCES)(rng, packet)

    def piece(self, header: bytes, ident: int, start: int, data: bytes, more: bool) -> bytes:
        """The header as it was, with flags, offset and identification."""
        fields = struct.pack(">HH", ident, start // 8 & OFFSET | MORE * more | header[6] << 8 & 0x4000)
        return mended(header[:4] + fields + header[8:] + data)

    def moved(self, piece: bytes, words: int) -> bytes:
        """Another offset."""
        (field,) = struct.unpack_from(">H", piece, 6)
        place = (field & OFFSET) + words
        return mended(piece[:6] + struct.pack(">H", field & ~OFFSET | place & OFFSET) + piece[8:])

    def marked(self, rng: Random, piece: bytes) -> bytes:
        """More fragments, the type of service, or don't fragment."""
        luck = rng.randrange(3)
        if luck == 0:
            return mended(piece[:6] + bytes([piece[6] ^ 0x20]) + piece[7:])
        if luck == 1:
            return mended(piece[:1] + bytes([rng.choice((0, 1, 2, 3, 0x10))]) + piece[2:])
        return mended(piece[:6] + bytes([piece[6] ^ 0x40]) + piece[7:])

    def inside(self, piece: bytes, words: int, data: bytes) -> bytes:
        """With the same identification."""
        ident, field = struct.unpack_from(">HH", piece, 4)
        return self.piece(piece[: header_length(piece)], ident, ((field & OFFSET) + words) * 8, data, True)


V4: Final = _V4()
