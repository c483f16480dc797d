"""How TCP connections begin, as their ends mean it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.verify.fuzz.segment import ACK, RST, SYN, U32, End, Segment

Segments = Iterator[Segment]
Stage = Callable[[Random, End, End], Segments]

SIZES: Final = (1, 1, 2, 8, 30, 64, 100, 300)
WINDOWS: Final = (0, 1, 2, 10, 64, 300, 1000, 8192, 29200, 65535)
STARTS: Final = (0, 1, 2**31 - 40, 2**31, 2**32 - 40, 2**32 - 1)


def be_born(rng: Random, end: End) -> None:
    """A new beginning: before, at or after the old one's end, or anywhere."""
    isn = rng.choice((end.next, end.next + 1, end.next - 1, end.next + 100000, rng.choice(STARTS), rng.getrandbits(32)))
    window = rng.choice(WINDOWS[2:]) if rng.random() < 0.95 else rng.choice(WINDOWS)
    scale = rng.choice((None, None, 0, 1, 2, 7, 14, 15, 255))
    stamp = rng.choice((None, rng.getrandbits(32)))
    end.begin(isn, window, scale, rng.random() < 0.5, stamp)


def handshake(rng: Random, a: End, b: End) -> Segments:
    """As it should be."""
    yield a.segment(SYN)
    yield b.segment(SYN | ACK)
    yield a.segment(ACK)


def _slow(rng: Random, a: End, b: End) -> Segments:
    """Every step is repeated some times."""
    for end, flags in ((a, SYN), (b, SYN | ACK), (a, ACK)):
        step = end.segment(flags)
        for _ in range(rng.randint(1, 3)):
            yield step


def _new_number(rng: Random, a: End, b: End) -> Segments:
    """The SYN comes again with another sequence number or other options."""
    yield a.segment(SYN)
    if rng.random() < 0.5:
        be_born(rng, a)
    else:
        a.next -= 1
        a.scale, a.sack = rng.choice((None, 3)), not a.sack
    yield from handshake(rng, a, b)


def _fast_open(rng: Random, a: End, b: End) -> Segments:
    first = a.segment(SYN, bytes(rng.choice(SIZES)), a.offer() + b"\x22\x0a" + bytes(8))
    yield first
    if rng.random() < 0.5:
        b.heard = (first.seq + 1) % U32  # the data was not taken
    yield b.segment(SYN | ACK, bytes(rng.choice((0, 0, 5))))
    yield a.segment(ACK)


def _simultaneous(rng: Random, a: End, b: End) -> Segments:
    first, second = a.segment(SYN), b.segment(SYN)
    yield first
    yield second
    for end in rng.sample((a, b), rng.randint(1, 2)):
        if rng.random() < 0.7:
            end.next -= 1
            yield end.segment(SYN | ACK)
        else:
            yield end.segment(ACK)
    yield rng.choice((a, b)).segment(ACK)


def _split(rng: Random, a: End, b: End) -> Segments:
    """The SYN is acknowledged alone, and then answered by a SYN."""
    yield a.segment(SYN)
    if rng.random() < 0.6:
        b.next -= 1
        yield b.segment(ACK)
        b.next += 1
    yield b.segment(SYN)
    if rng.random() < 0.5:
        a.next -= 1
        yield a.segment(SYN | ACK)
    else:
        yield a.segment(ACK)
    yield b.segment(ACK)


def _challenged(rng: Random, a: End, b: End) -> Segments:
    """The other end still knows an old connection: it answers with an ACK, is reset, and asked again."""
    syn = a.segment(SYN)
    yield syn
    old = Segment(b, ACK, b.next, rng.getrandbits(32), b.window)
    yield old
    yield Segment(a, RST, old.ack, 0, 0)
    yield syn
    yield b.segment(SYN | ACK)
    yield a.segment(ACK)


def _refused(rng: Random, a: End, b: End) -> Segments:
    yield a.segment(SYN)
    yield Segment(b, RST | ACK, rng.choice((0, 0, b.next)), rng.choice((a.next, a.next - 1, 0)) % U32, 0)


def _no_answer_wanted(rng: Random, a: End, b: End) -> Segments:
    yield a.segment(SYN)
    yield b.segment(SYN | ACK)
    yield Segment(a, RST, a.next, 0, 0)


def _picked_up(rng: Random, a: End, b: End) -> Segments:
    """Nobody saw how it began."""
    a.heard, b.heard = b.next, a.next
    yield a.segment(ACK, bytes(rng.choice((0, *SIZES))))


def _answer_first(rng: Random, a: End, b: End) -> Segments:
    a.next += 1
    b.heard = a.next % U32
    yield b.segment(SYN | ACK)
    yield a.segment(ACK)


OPENINGS: Final[tuple[Stage, ...]] = (
    handshake, handshake, handshake, handshake, _slow, _new_number, _fast_open, _simultaneous, _split,
    _challenged, _refused, _no_answer_wanted, _picked_up, _answer_first,
)  # fmt: skip
