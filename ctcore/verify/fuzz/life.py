"""The life of a TCP connection as its ends mean it: every way of opening, talking and closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.testing.packets import sack
from ctcore.verify.fuzz.segment import ACK, FIN, PSH, RST, SYN, U32, URG, End, Segment

Segments = Iterator[Segment]

SIZES: Final = (1, 1, 2, 8, 30, 64, 100, 300)
WINDOWS: Final = (0, 1, 2, 10, 64, 300, 1000, 8192, 29200, 65535)
STARTS: Final = (0, 1, 2**31 - 40, 2**31, 2**32 - 40, 2**32 - 1)


def life(rng: Random, opener: End, other: End) -> Segments:
    """One connection from beginning to end, the other end's answers included."""
    for end in (opener, other):
        _be_born(rng, end)
    yield from rng.choice(OPENINGS)(rng, opener, other)
    for _ in range(rng.choice((0, 1, 2, 4, 8))):
        yield from rng.choice(TURNS)(rng, *rng.sample((opener, other), 2))
    yield from rng.choice(CLOSINGS)(rng, *rng.sample((opener, other), 2))


def short_life(rng: Random, opener: End, other: End) -> Segments:
    """A connection that closes as soon as it is open, in several ways one after the other."""
    for end in (opener, other):
        _be_born(rng, end)
    yield from _handshake(rng, opener, other)
    for _ in range(rng.randint(1, 3)):
        yield from rng.choice((*CLOSINGS, _second_opening, _data))(rng, *rng.sample((opener, other), 2))


def _be_born(rng: Random, end: End) -> None:
    """A new beginning: before, at or after the old one's end, or anywhere."""
    isn = rng.choice((end.next, end.next + 1, end.next - 1, end.next + 100000, rng.choice(STARTS), rng.getrandbits(32)))
    window = rng.choice(WINDOWS[2:]) if rng.random() < 0.95 else rng.choice(WINDOWS)
    scale = rng.choice((None, None, 0, 1, 2, 7, 14, 15, 255))
    stamp = rng.choice((None, rng.getrandbits(32)))
    end.begin(isn, window, scale, rng.random() < 0.5, stamp)


def _handshake(rng: Random, a: End, b: End) -> Segments:
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
        _be_born(rng, a)
    else:
        a.next -= 1
        a.scale, a.sack = rng.choice((None, 3)), not a.sack
    yield from _handshake(rng, a, b)


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


def _data(rng: Random, a: End, b: End) -> Segments:
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


def _second_opening(rng: Random, a: End, b: End) -> Segments:
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
        _be_born(rng, b)
        b.heard = a.next
        yield b.segment(SYN | ACK)
        yield a.segment(ACK)
    else:
        yield a.segment(ACK, b"x")


def _closed(rng: Random, a: End, b: End) -> Segments:
    yield a.segment(FIN | ACK, bytes(rng.choice((0, 0, 0, 7))))
    yield b.segment(ACK)
    if rng.random() < 0.4:
        yield from _data(rng, b, a)
    yield b.segment(FIN | ACK)
    if rng.random() < 0.3:
        yield from _second_opening(rng, *rng.sample((a, b), 2))
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
    yield from _data(rng, b, a)


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


_Stage = Callable[[Random, End, End], Segments]
OPENINGS: Final[tuple[_Stage, ...]] = (
    _handshake, _handshake, _handshake, _handshake, _slow, _new_number, _fast_open, _simultaneous, _split,
    _challenged, _refused, _no_answer_wanted, _picked_up, _answer_first,
)  # fmt: skip
TURNS: Final[tuple[_Stage, ...]] = (
    _data, _data, _data, _full_window, _again, _keep_alive, _shut_window, _hole, _old_data, _second_opening,
)  # fmt: skip
CLOSINGS: Final[tuple[_Stage, ...]] = (
    _closed, _closed, _closed_quickly, _closed_at_once, _half_closed, _reset, _reset, _abandoned,
)  # fmt: skip
