"""Lives of SCTP associations: what their ends say in the right order, and some that no peer would say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, TypeAlias

from ctcore.testing.packets import Transports
from ctcore.testing.sctp import (
    ABORT,
    CHUNK_NAMES,
    COOKIE_ACK,
    COOKIE_ECHO,
    ERROR,
    HEARTBEAT,
    HEARTBEAT_ACK,
    INIT,
    INIT_ACK,
    SACK,
    SCTP,
    SHUTDOWN,
    SHUTDOWN_ACK,
    SHUTDOWN_COMPLETE,
    chunk,
    data,
    init,
    init_ack,
    sctp,
    with_crc,
)

TAGS: Final = (0, 1, 2, 3, 0xAAAA0001, 0xFFFFFFFF)
T_BIT: Final = 1


class End:
    """One end of an association: ``tag`` is what the peer must put into its packets."""

    peer: End

    def __init__(self, ip: Transports, port: int) -> None:
        self.ip = ip
        self.port = port
        self.tag = 1

    def sends(self, *chunks: bytes, tag: int | None = None) -> Segment:
        """What this end sends: with the peer's tag, or another one."""
        return Segment(self, self.peer.tag if tag is None else tag, list(chunks))


@dataclass(slots=True)
class Segment:
    """What an end wants to send; ``spoil`` is laid over the right checksum, ``cut`` bytes are missing at its end."""

    end: End
    vtag: int
    chunks: list[bytes]
    spoil: int = 0
    cut: int = 0

    def packet(self) -> bytes:
        """The segment as an IP packet."""
        end = self.end
        whole = sctp(end.port, end.peer.port, self.vtag, *self.chunks)
        if self.cut:
            part = whole[: max(0, len(whole) - self.cut)]
            whole = with_crc(part)
        if self.spoil:
            whole = with_crc(whole, self.spoil)
        return end.ip.packet(SCTP, whole)


Segments: TypeAlias = Iterator[Segment]
Stage: TypeAlias = Callable[[Random, End, End], Segments]


def _open(rng: Random, a: End, b: End) -> Segments:
    yield a.sends(init(a.tag), tag=0)
    yield b.sends(init_ack(b.tag))
    yield a.sends(chunk(COOKIE_ECHO, b"cookie.."), *([data()] if rng.random() < 0.3 else []))
    yield b.sends(chunk(COOKIE_ACK), *([chunk(SACK, bytes(12))] if rng.random() < 0.3 else []))


def _open_slowly(rng: Random, a: End, b: End) -> Segments:
    """Every step is repeated some times, perhaps with another tag."""
    for step in list(_open(rng, a, b)):
        for _ in range(rng.randint(1, 3)):
            yield step
        if rng.random() < 0.3:
            step.end.tag = rng.choice(TAGS)


def _open_at_once(rng: Random, a: End, b: End) -> Segments:
    """Both sides send an INIT, and both may answer it: the INITs collide."""
    yield a.sends(init(a.tag), tag=0)
    yield b.sends(init(b.tag), tag=0)
    if rng.random() < 0.3:
        b.tag = rng.choice(TAGS)
    steps = [b.sends(init_ack(b.tag)), a.sends(init_ack(rng.choice((a.tag, a.tag, rng.choice(TAGS)))))]
    rng.shuffle(steps)
    yield from steps
    for end in rng.sample((a, b), rng.choice((1, 2))):
        yield end.sends(chunk(COOKIE_ECHO, b"cookie.."))
        yield end.peer.sends(chunk(COOKIE_ACK))


def _open_by_heartbeat(rng: Random, a: End, b: End) -> Segments:
    """A path of an association that was opened elsewhere."""
    yield from _beat(rng, a, b)
    yield from _beat(rng, b, a)


def _refused(rng: Random, a: End, b: End) -> Segments:
    yield a.sends(init(a.tag), tag=0)
    yield b.sends(chunk(rng.choice((ABORT, ERROR)), flags=rng.choice((0, 0, T_BIT))))


def _stale_cookie(rng: Random, a: End, b: End) -> Segments:
    yield a.sends(init(a.tag), tag=0)
    yield b.sends(init_ack(b.tag))
    yield a.sends(chunk(COOKIE_ECHO, b"cookie.."))
    yield b.sends(chunk(ERROR, bytes(8)))


def _talk(rng: Random, a: End, b: End) -> Segments:
    for _ in range(rng.randint(1, 3)):
        yield a.sends(*(data(bytes(rng.randrange(9))) for _ in range(rng.randint(1, 3))))
    yield b.sends(chunk(SACK, bytes(12)))


def _beat(rng: Random, a: End, b: End) -> Segments:
    """A HEARTBEAT and its answer; perhaps with another tag, as from an end that began anew."""
    if rng.random() < 0.3:
        b.tag = rng.choice(TAGS)
    more = [data()] if rng.random() < 0.1 else []
    yield a.sends(chunk(HEARTBEAT, bytes(8)), *more)
    if rng.random() < 0.3:
        a.tag = rng.choice(TAGS)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        yield rng.choice((b, b, b, a)).sends(chunk(HEARTBEAT_ACK, bytes(8)), *more)


def _restart(rng: Random, a: End, b: End) -> Segments:
    """An end forgot the association and opens it again."""
    if rng.random() < 0.7:
        a.tag = rng.choice(TAGS)
    yield from rng.choice((_open, _open, _open_at_once, _open_slowly))(rng, a, b)


def _shut(rng: Random, a: End, b: End) -> Segments:
    yield a.sends(chunk(SHUTDOWN, bytes(4)), *([chunk(SACK, bytes(12))] if rng.random() < 0.2 else []))
    yield b.sends(chunk(SHUTDOWN_ACK))
    yield a.sends(chunk(SHUTDOWN_COMPLETE, flags=rng.choice((0, 0, T_BIT))))


def _shut_at_once(rng: Random, a: End, b: End) -> Segments:
    for kind in (SHUTDOWN, SHUTDOWN_ACK, SHUTDOWN_COMPLETE):
        for end in rng.sample((a, b), rng.choice((1, 2))):
            for _ in range(rng.choice((1, 1, 2))):
                yield end.sends(chunk(kind, bytes(4 if kind == SHUTDOWN else 0)))


def _abort(rng: Random, a: End, b: End) -> Segments:
    reflected = rng.random() < 0.4
    tag = a.tag if reflected else b.tag
    yield a.sends(chunk(ABORT, flags=T_BIT if reflected else 0), tag=rng.choice((tag, tag, tag, rng.choice(TAGS))))


def _odd(rng: Random, a: End, b: End) -> Segments:
    """A SHUTDOWN_ACK out of the blue and its answer, or any chunk."""
    yield a.sends(chunk(SHUTDOWN_ACK))
    yield b.sends(chunk(SHUTDOWN_COMPLETE, flags=T_BIT), tag=rng.choice((b.tag, a.tag)))
    yield _any(rng, a)


def _any(rng: Random, end: End) -> Segment:
    chunks = [any_chunk(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    return end.sends(*chunks, tag=rng.choice((None, None, 0, rng.choice(TAGS))))


def any_chunk(rng: Random) -> bytes:
    """A chunk of any type, whose length may be wrong."""
    kind = rng.choice((*CHUNK_NAMES, *CHUNK_NAMES, rng.getrandbits(8)))
    if kind in (INIT, INIT_ACK) and rng.random() < 0.8:
        return init(rng.choice(TAGS), kind)
    length = rng.choice((None, None, None, None, 0, 1, 3, 4, 5, 8, 20, 0xFFFF))
    return chunk(kind, bytes(rng.choice((0, 1, 4, 8, 15, 16))), rng.choice((0, 0, 1, 2, 255)), length)


OPENINGS: Final[tuple[Stage, ...]] = (
    _open, _open, _open, _open_slowly, _open_at_once, _open_at_once, _open_by_heartbeat, _refused, _stale_cookie,
)  # fmt: skip
TURNS: Final[tuple[Stage, ...]] = (_talk, _talk, _beat, _beat, _restart, _odd)
CLOSINGS: Final[tuple[Stage, ...]] = (_shut, _shut, _shut_at_once, _abort, _odd)


def life(rng: Random, a: End, b: End) -> Segments:
    """One association from beginning to end."""
    for end in (a, b):
        end.tag = rng.choice(TAGS) if rng.random() < 0.7 else rng.getrandbits(32)
    yield from rng.choice(OPENINGS)(rng, a, b)
    for _ in range(rng.choice((0, 1, 2, 4, 8))):
        yield from rng.choice(TURNS)(rng, *rng.sample((a, b), 2))
    yield from rng.choice(CLOSINGS)(rng, *rng.sample((a, b), 2))


def short_life(rng: Random, a: End, b: End) -> Segments:
    """An association that closes as soon as it is open, in several ways one after the other."""
    yield from rng.choice((_open, _open_at_once, _open_by_heartbeat))(rng, a, b)
    for _ in range(rng.randint(1, 4)):
        yield from rng.choice((*CLOSINGS, _restart, _beat))(rng, *rng.sample((a, b), 2))
