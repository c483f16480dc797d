"""What may happen to any packet's IPv4 header on the way: options, wrong lengths, cuts, odd protocols."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random
from typing import Final

from ctcore.testing.packets import checksum
from ctcore.verify.fuzz.options import options

UNTRACKED: Final = frozenset({1, 6, 17, 47, 58, 132, 136})
"""Protocols with a tracker of their own, in the kernel at least."""


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


def disturbed(rng: Random, packet: bytes) -> bytes:
    """The packet with something odd about its IPv4 header."""
    return rng.choice(DISTURBANCES)(rng, packet)


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
