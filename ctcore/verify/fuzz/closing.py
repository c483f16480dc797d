"""How TCP connections end: closed by both sides in any order, reset, or left alone."""

from __future__ import annotations

from random import Random
from typing import Final

from ctcore.verify.fuzz.opening import Segments, Stage
from ctcore.verify.fuzz.segment import ACK, FIN, RST, U32, End, Segment
from ctcore.verify.fuzz.talk import exchange, second_opening


def _closed(rng: Random, a: End, b: End) -> Segments:
    yield a.segment(FIN | ACK, bytes(rng.choice((0, 0, 0, 7))))
    yield b.segment(ACK)
    if rng.random() < 0.4:
        yield from exchange(rng, b, a)
    yield b.segment(FIN | ACK)
    if rng.random() < 0.3:
        yield from second_opening(rng, *rng.sample((a, b), 2))
    yield a.segment(ACK)


def _closed_quickly(rng: Random, a: End, b: End) -> Segments:
    for end in (a, b):
        last = end.segment(FIN | ACK)
        for _ in range(rng.choice((1, 1, 1, 3))):
            yield last
    yield a.segment(ACK)


def _closed_at_once(rng: Random, a: End, b: End) -> Segments:
    first, second = a.segment(FIN | ACK), b.segment(FIN | ACK)
    second.ack = first.seq
    yield first
    yield second
    yield a.segment(ACK)
    yield b.segment(ACK)


def _half_closed(rng: Random, a: End, b: End) -> Segments:
    yield a.segment(FIN | ACK)
    yield from exchange(rng, b, a)


def _reset(rng: Random, a: End, b: End) -> Segments:
    """A reset: exact, in the window, before it, with and without an acknowledgment; perhaps after a FIN."""
    if rng.random() < 0.3:
        yield rng.choice((a, b)).segment(FIN | ACK)
    near = (0, 0, 0, 1, -1, 5, -5, 1000, -1000, 65535, 66000, -66000, 1 << 31, (1 << 31) - 1)
    seq = rng.choice((a.next + rng.choice(near), 0, b.heard))
    ack = rng.choice((a.heard, 0, a.heard + rng.choice(near)))
    for _ in range(rng.choice((1, 1, 2))):
        yield Segment(a, RST | rng.choice((0, ACK)), seq % U32, ack % U32, rng.choice((0, a.window)))
    if rng.random() < 0.4:
        yield rng.choice((a, b)).segment(ACK, bytes(rng.choice((0, 3))))


def _abandoned(rng: Random, a: End, b: End) -> Segments:
    return iter(())


CLOSINGS: Final[tuple[Stage, ...]] = (
    _closed, _closed, _closed_quickly, _closed_at_once, _half_closed, _reset, _reset, _abandoned,
)  # fmt: skip
