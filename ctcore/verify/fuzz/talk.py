"""What the ends of an open TCP connection do to each other."""

from __future__ import annotations

from random import Random
from typing import Final

from ctcore.testing.packets import sack
from ctcore.verify.fuzz.opening import SIZES, WINDOWS, Segments, Stage, be_born
from ctcore.verify.fuzz.segment import ACK, PSH, RST, SYN, U32, URG, End, Segment


def exchange(rng: Random, a: End, b: End) -> Segments:
    """Some data, and its acknowledgment as a rule."""
    for _ in range(rng.randint(1, 3)):
        yield a.segment(ACK | rng.choice((0, PSH, PSH, URG)), bytes(rng.choice(SIZES)))
    if rng.random() < 0.8:
        yield b.segment(ACK)


def _full_window(rng: Random, a: End, b: End) -> Segments:
    """As much as the peer takes, give or take one."""
    room = (a.edge - a.next) % U32
    if room < 1200:
        yield a.segment(ACK, bytes(max(0, room + rng.randint(-1, 1))))
    yield b.segment(ACK)


def _again(rng: Random, a: End, b: End) -> Segments:
    """The same segment over and over."""
    step = a.segment(ACK, bytes(rng.choice((0, *SIZES))))
    for _ in range(rng.randint(2, 6)):
        yield step


def _keep_alive(rng: Random, a: End, b: End) -> Segments:
    probe = a.segment(ACK)
    probe.seq = (probe.seq - 1) % U32
    probe.data = rng.choice((b"", b"\0"))
    yield probe
    yield b.segment(ACK)


def _shut_window(rng: Random, a: End, b: End) -> Segments:
    """The window closes, is probed, and opens again."""
    window, a.window = a.window, 0
    yield a.segment(ACK)
    for _ in range(rng.randint(0, 2)):
        probe = b.segment(ACK, rng.choice((b"", b"\0")))
        if rng.random() < 0.5:
            b.next = probe.seq
        yield probe
        yield a.segment(ACK)
    a.window = rng.choice((window, *WINDOWS))
    yield a.segment(ACK)


def _hole(rng: Random, a: End, b: End) -> Segments:
    """A segment is lost: what follows is acknowledged selectively, then the lost one comes."""
    lost = a.segment(ACK, bytes(rng.choice(SIZES)))
    begin = a.next
    yield a.segment(ACK, bytes(rng.choice(SIZES)))
    answer = b.segment(ACK)
    answer.ack = lost.seq
    blocks = [(begin, a.next)]
    if rng.random() < 0.3:
        blocks.append((lost.seq - 20, lost.seq - 10))  # a duplicate that was received
    if rng.random() < 0.3:
        blocks.append((begin, a.next + rng.choice((1, 100000))))
    answer.options += sack(*blocks)
    for _ in range(rng.randint(1, 4)):
        yield answer
    yield lost
    yield b.segment(ACK)


def _old_data(rng: Random, a: End, b: End) -> Segments:
    old = a.segment(ACK, bytes(rng.choice(SIZES)))
    yield old
    yield b.segment(ACK)
    for _ in range(2):
        yield a.segment(ACK, bytes(rng.choice(SIZES)))
    yield b.segment(ACK)
    yield old


def second_opening(rng: Random, a: End, b: End) -> Segments:
    """A SYN into the open connection, and its challenge ACK, or the answer of a host that has forgotten."""
    syn = Segment(
        a, SYN, rng.choice((a.next, a.next + 1000, rng.getrandbits(32))) % U32, 0, rng.choice((0, 500)), a.offer()
    )
    yield syn
    kind = rng.randrange(4)
    if kind == 0:
        yield b.segment(ACK)
        yield Segment(a, RST, b.heard, 0, 0)
    elif kind == 1:
        yield Segment(b, RST | ACK, 0, (syn.seq + 1) % U32, 0)
    elif kind == 2:
        a.next = (syn.seq + 1) % U32
        be_born(rng, b)
        b.heard = a.next
        yield b.segment(SYN | ACK)
        yield a.segment(ACK)
    else:
        yield a.segment(ACK, b"x")


TURNS: Final[tuple[Stage, ...]] = (
    exchange, exchange, exchange, _full_window, _again, _keep_alive, _shut_window, _hole, _old_data, second_opening,
)  # fmt: skip
