"""SCTP traffic: lives of associations on few ports, interleaved, with chunks bundled, repeated, late and mutated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Final, TypeAlias

from ctcore.testing.packets import IPv4
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

HOSTS: Final = ("10.0.1.2", "10.0.1.3", "10.0.2.2")
PORTS: Final = (1000, 1001, 2905)
TAGS: Final = (0, 1, 2, 3, 0xAAAA0001, 0xFFFFFFFF)
T_BIT: Final = 1


class End:
    """One end of an association: ``tag`` is what the peer must put into its packets."""

    peer: End

    def __init__(self, ip: IPv4, port: int) -> None:
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
        """The segment as an IPv4 packet."""
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
    chunks = [_any_chunk(rng) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    return end.sends(*chunks, tag=rng.choice((None, None, 0, rng.choice(TAGS))))


def _any_chunk(rng: Random) -> bytes:
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


def traffic(rng: Random) -> Iterator[bytes]:
    """Packets without end, of whole lives."""
    return _traffic(rng, life)


def closing(rng: Random) -> Iterator[bytes]:
    """Packets without end, of associations that are hardly open when they close."""
    return _traffic(rng, short_life)


def _traffic(rng: Random, live: Stage) -> Iterator[bytes]:
    mutated = rng.choice((0, 0.02, 0.1, 0.3))
    pairs = [_pair(rng) for _ in range(rng.randint(1, 4))]
    lives: list[Segments] = [iter(()) for _ in pairs]
    late: list[Segment] = []
    while True:
        at = rng.randrange(len(pairs))
        segment = next(lives[at], None)
        if segment is None:
            if rng.random() < 0.5:
                pairs[at] = _pair(rng)
            lives[at] = live(rng, *rng.sample(pairs[at], 2))
            continue
        for one in _disturb(rng, segment, late):
            if rng.random() < mutated:
                rng.choice(MUTATIONS)(rng, one)
            yield one.packet()


def _pair(rng: Random) -> tuple[End, End]:
    """Two ends. Hosts and ports are few, so that two pairs may be the same association."""
    one, two = rng.sample(HOSTS, 2) if rng.random() < 0.98 else [rng.choice(HOSTS)] * 2
    ip = IPv4(one, two)
    a, b = End(ip, rng.choice(PORTS)), End(ip.back, rng.choice(PORTS))
    a.peer, b.peer = b, a
    return a, b


def _disturb(rng: Random, segment: Segment, late: list[Segment]) -> Segments:
    """The network: a segment is lost, comes twice, or comes later."""
    luck = rng.random()
    if luck < 0.03:
        return
    if luck < 0.06:
        late.append(segment)
        return
    for _ in range(2 if luck < 0.10 else 1):
        yield replace(segment, chunks=list(segment.chunks))
    if late and rng.random() < 0.2:
        yield late.pop(rng.randrange(len(late)))


def _tag(rng: Random, segment: Segment) -> None:
    segment.vtag = rng.choice((segment.end.tag, segment.end.peer.tag, *TAGS, rng.getrandbits(32)))


def _bundle(rng: Random, segment: Segment) -> None:
    segment.chunks.insert(rng.randrange(len(segment.chunks) + 1), _any_chunk(rng))


def _swap(rng: Random, segment: Segment) -> None:
    segment.chunks[rng.randrange(len(segment.chunks))] = _any_chunk(rng)


def _flags(rng: Random, segment: Segment) -> None:
    at = rng.randrange(len(segment.chunks))
    one = segment.chunks[at]
    segment.chunks[at] = one[:1] + bytes([one[1] ^ rng.choice((1, 1, 2, 128))]) + one[2:]


def _cut(rng: Random, segment: Segment) -> None:
    segment.cut = rng.randint(1, 40)


def _checksum(rng: Random, segment: Segment) -> None:
    segment.spoil = rng.getrandbits(32)


def _other_side(rng: Random, segment: Segment) -> None:
    """The segment comes out of the wrong end."""
    segment.end = segment.end.peer


MUTATIONS: Final[tuple[Callable[[Random, Segment], None], ...]] = (
    _tag, _tag, _bundle, _bundle, _swap, _flags, _cut, _checksum, _other_side,
)  # fmt: skip
