"""Fragments of any packets: in order and not, twice, overlapping, missing, tiny, of odd sizes, mixed with others."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.verify.fuzz.ip import header_length, mended, with_options
from ctcore.verify.fuzz.options import options

MORE: Final = 0x2000
OFFSET: Final = 0x1FFF

Pieces = list[bytes]


def traffic(rng: Random, others: Iterator[bytes]) -> Iterator[bytes]:
    """The packets of ``others``, most of them in fragments; several datagrams are on the way at a time."""
    waiting: Pieces = []
    idents = [rng.getrandbits(16) for _ in range(rng.choice((3, 1000)))]
    while True:
        packet = next(others)
        if rng.random() < 0.8:
            waiting += _on_the_way(rng, packet, rng.choice(idents))
        else:
            yield packet
        while len(waiting) > rng.choice((0, 0, 4, 8)):
            yield waiting.pop(0 if rng.random() < 0.9 else rng.randrange(len(waiting)))


def cut(packet: bytes, places: list[int], ident: int) -> Pieces:
    """The packet in pieces that begin at ``places`` (bytes into its payload, divisible by 8; the first is 0)."""
    header = header_length(packet)
    payload = packet[header:]
    ends = [*places[1:], len(payload)]
    return [
        _piece(packet[:header], ident, start, payload[start:end], end != ends[-1])
        for start, end in zip(places, ends, strict=True)
    ]


def _piece(header: bytes, ident: int, start: int, data: bytes, more: bool) -> bytes:
    fields = struct.pack(">HH", ident, start // 8 & OFFSET | MORE * more | header[6] << 8 & 0x4000)
    return mended(header[:4] + fields + header[8:] + data)


def _on_the_way(rng: Random, packet: bytes, ident: int) -> Pieces:
    size = len(packet) - header_length(packet)
    if size < 1:
        return [packet]
    step = rng.choice((8, 8, 16, 24, 64, 512))
    if size // step > 12:
        step = size // 64 * 8 + 8
    places = sorted({0, *range(0, size, step)})
    if len(places) > 2 and rng.random() < 0.5:
        places = [0, *sorted(rng.sample(places[1:], rng.randint(1, len(places) - 1)))]
    pieces = cut(packet, places, ident)
    for _ in range(rng.choice((0, 1, 1, 2))):
        pieces = rng.choice(CHANGES)(rng, pieces)
    return pieces


def _reversed(rng: Random, pieces: Pieces) -> Pieces:
    return pieces[::-1]


def _shuffled(rng: Random, pieces: Pieces) -> Pieces:
    return rng.sample(pieces, len(pieces))


def _twice(rng: Random, pieces: Pieces) -> Pieces:
    pieces.insert(rng.randrange(len(pieces) + 1), rng.choice(pieces))
    return pieces


def _missing(rng: Random, pieces: Pieces) -> Pieces:
    pieces.pop(rng.randrange(len(pieces)))
    return pieces or [b""]


def _change(pieces: Pieces, at: int, changed: bytes) -> Pieces:
    return [*pieces[:at], changed, *pieces[at + 1 :]]


def _moved(rng: Random, pieces: Pieces) -> Pieces:
    """One begins elsewhere: an overlap, a hole, or both; also far away."""
    at = rng.randrange(len(pieces))
    piece = pieces[at]
    if len(piece) < 20:
        return pieces
    (field,) = struct.unpack_from(">H", piece, 6)
    place = (field & OFFSET) + rng.choice((-1, 1, 2, -2, 100, 8000, OFFSET))
    return _change(pieces, at, mended(piece[:6] + struct.pack(">H", field & ~OFFSET | place & OFFSET) + piece[8:]))


def _resized(rng: Random, pieces: Pieces) -> Pieces:
    """One is longer or shorter, by bytes that 8 divides or not; perhaps empty."""
    at = rng.randrange(len(pieces))
    piece = pieces[at]
    if len(piece) < 20:
        return pieces
    change = rng.choice((-1, 1, 4, 8, -8, 16, -len(piece)))
    size = max(header_length(piece), len(piece) + change)
    return _change(pieces, at, mended((piece + bytes(16))[:size]))


def _marked(rng: Random, pieces: Pieces) -> Pieces:
    """One says that more come, or that none do; or has another type of service, or may not be fragmented."""
    at = rng.randrange(len(pieces))
    piece = pieces[at]
    if len(piece) < 20:
        return pieces
    luck = rng.randrange(3)
    if luck == 0:
        return _change(pieces, at, mended(piece[:6] + bytes([piece[6] ^ 0x20]) + piece[7:]))
    if luck == 1:
        return _change(pieces, at, mended(piece[:1] + bytes([rng.choice((0, 1, 2, 3, 0x10))]) + piece[2:]))
    return _change(pieces, at, mended(piece[:6] + bytes([piece[6] ^ 0x40]) + piece[7:]))


def _with_options(rng: Random, pieces: Pieces) -> Pieces:
    at = rng.randrange(len(pieces))
    return _change(pieces, at, with_options(pieces[at], options(rng))) if len(pieces[at]) >= 20 else pieces


def _inside(rng: Random, pieces: Pieces) -> Pieces:
    """A tiny one in the middle of another one's stretch."""
    piece = rng.choice(pieces)
    if len(piece) < 36:
        return pieces
    (field,) = struct.unpack_from(">H", piece, 6)
    header = piece[: header_length(piece)]
    start = ((field & OFFSET) + rng.choice((0, 1))) * 8
    tiny = _piece(header, struct.unpack_from(">H", piece, 4)[0], start, bytes(rng.choice((1, 7, 8, 9, 16))), True)
    pieces.insert(rng.randrange(len(pieces) + 1), tiny)
    return pieces


CHANGES: Final[tuple[Callable[[Random, Pieces], Pieces], ...]] = (
    _reversed, _shuffled, _twice, _missing, _moved, _resized, _marked, _with_options, _inside,
)  # fmt: skip
