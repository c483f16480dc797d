"""Fragments of any packets: in order and not, twice, overlapping, missing, tiny, of odd sizes, mixed with others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4

Pieces = list[bytes]


def traffic(rng: Random, others: Iterator[bytes], family: Family = V4) -> Iterator[bytes]:
    """The packets of ``others``, most of them in fragments; several datagrams are on the way at a time."""
    waiting: Pieces = []
    idents = [rng.getrandbits(16) for _ in range(rng.choice((3, 1000)))]
    while True:
        packet = next(others)
        if rng.random() < 0.8:
            waiting += _on_the_way(rng, family, packet, rng.choice(idents))
        else:
            yield packet
        while len(waiting) > rng.choice((0, 0, 4, 8)):
            yield waiting.pop(0 if rng.random() < 0.9 else rng.randrange(len(waiting)))


def cut(packet: bytes, places: list[int], ident: int, family: Family = V4) -> Pieces:
    """The packet in pieces that begin at ``places`` (bytes into its payload, divisible by 8; the first is 0)."""
    header = family.header_length(packet)
    payload = packet[header:]
    ends = [*places[1:], len(payload)]
    return [
        family.piece(packet[:header], ident, start, payload[start:end], end != ends[-1])
        for start, end in zip(places, ends, strict=True)
    ]


def _on_the_way(rng: Random, family: Family, packet: bytes, ident: int) -> Pieces:
    size = len(packet) - family.header_length(packet)
    if size < 1:
        return [packet]
    step = rng.choice((8, 8, 16, 24, 64, 512))
    if size // step > 12:
        step = size // 64 * 8 + 8
    places = sorted({0, *range(0, size, step)})
    if len(places) > 2 and rng.random() < 0.5:
        places = [0, *sorted(rng.sample(places[1:], rng.randint(1, len(places) - 1)))]
    pieces = cut(packet, places, ident, family)
    for _ in range(rng.choice((0, 1, 1, 2))):
        pieces = rng.choice(CHANGES)(rng, family, pieces)
    return pieces


def _reversed(rng: Random, family: Family, pieces: Pieces) -> Pieces:
    return pieces[::-1]


def _shuffled(rng: Random, family: Family, pieces: Pieces) -> Pieces:
    return rng.sample(pieces, len(pieces))


def _twice(rng: Random, family: Family, pieces: Pieces) -> Pieces:
    pieces.insert(rng.randrange(len(pieces) + 1), rng.choice(pieces))
    return pieces


def _missing(rng: Random, family: Family, pieces: Pieces) -> Pieces:
    pieces.pop(rng.randrange(len(pieces)))
    return pieces or [b""]


def _one(change: Callable[[Random, Family, bytes], bytes]) -> Change:
    """The change of one piece whose header is whole."""

    def changed(rng: Random, family: Family, pieces: Pieces) -> Pieces:
        at = rng.randrange(len(pieces))
        if len(pieces[at]) < family.header:
            return pieces
        return [*pieces[:at], change(rng, family, pieces[at]), *pieces[at + 1 :]]

    return changed


def _moved(rng: Random, family: Family, piece: bytes) -> bytes:
    """It begins elsewhere: an overlap, a hole, or both; also far away."""
    return family.moved(piece, rng.choice((-1, 1, 2, -2, 100, 8000, 0x1FFF)))


def _resized(rng: Random, family: Family, piece: bytes) -> bytes:
    """It is longer or shorter, by bytes that 8 divides or not; perhaps empty."""
    change = rng.choice((-1, 1, 4, 8, -8, 16, -len(piece)))
    size = max(family.header_length(piece), len(piece) + change)
    return family.mended((piece + bytes(16))[:size])


def _marked(rng: Random, family: Family, piece: bytes) -> bytes:
    """It says that more come, or that none do; or something else in its header is different."""
    return family.marked(rng, piece)


def _with_options(rng: Random, family: Family, piece: bytes) -> bytes:
    return family.with_options(rng, piece)


def _inside(rng: Random, family: Family, pieces: Pieces) -> Pieces:
    """A tiny one in the middle of another one's stretch."""
    piece = rng.choice(pieces)
    if len(piece) < family.header + 16:
        return pieces
    tiny = family.inside(piece, rng.choice((0, 1)), bytes(rng.choice((1, 7, 8, 9, 16))))
    pieces.insert(rng.randrange(len(pieces) + 1), tiny)
    return pieces


Change = Callable[[Random, Family, Pieces], Pieces]

CHANGES: Final[tuple[Change, ...]] = (
    _reversed, _shuffled, _twice, _missing, _one(_moved), _one(_resized), _one(_marked), _one(_with_options), _inside,
)  # fmt: skip
