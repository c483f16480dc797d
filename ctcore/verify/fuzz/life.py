"""The life of a TCP connection from beginning to end, both ends' segments in order."""

from __future__ import annotations

from random import Random

from ctcore.verify.fuzz.closing import CLOSINGS
from ctcore.verify.fuzz.opening import OPENINGS, Segments, be_born, handshake
from ctcore.verify.fuzz.segment import End
from ctcore.verify.fuzz.talk import TURNS, exchange, second_opening


def life(rng: Random, opener: End, other: End) -> Segments:
    """One connection from beginning to end, the other end's answers included."""
    for end in (opener, other):
        be_born(rng, end)
    yield from rng.choice(OPENINGS)(rng, opener, other)
    for _ in range(rng.choice((0, 1, 2, 4, 8))):
        yield from rng.choice(TURNS)(rng, *rng.sample((opener, other), 2))
    yield from rng.choice(CLOSINGS)(rng, *rng.sample((opener, other), 2))


def short_life(rng: Random, opener: End, other: End) -> Segments:
    """A connection that closes as soon as it is open, in several ways one after the other."""
    for end in (opener, other):
        be_born(rng, end)
    yield from handshake(rng, opener, other)
    for _ in range(rng.randint(1, 3)):
        yield from rng.choice((*CLOSINGS, second_opening, exchange))(rng, *rng.sample((opener, other), 2))
