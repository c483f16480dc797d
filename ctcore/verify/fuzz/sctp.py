"""SCTP traffic: lives of associations on few ports, interleaved, with chunks bundled, repeated, late and mutated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Final

from ctcore.verify.fuzz.association import TAGS, End, Segment, Segments, Stage, any_chunk, life, short_life
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4

HOSTS: Final = 3
PORTS: Final = (1000, 1001, 2905)


def traffic(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """Packets without end, of whole lives."""
    return _traffic(rng, family, life)


def closing(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """Packets without end, of associations that are hardly open when they close."""
    return _traffic(rng, family, short_life)


def _traffic(rng: Random, family: Family, live: Stage) -> Iterator[bytes]:
    mutated = rng.choice((0, 0.02, 0.1, 0.3))
    pairs = [_pair(rng, family) for _ in range(rng.randint(1, 4))]
    lives: list[Segments] = [iter(()) for _ in pairs]
    late: list[Segment] = []
    while True:
        at = rng.randrange(len(pairs))
        segment = next(lives[at], None)
        if segment is None:
            if rng.random() < 0.5:
                pairs[at] = _pair(rng, family)
            lives[at] = live(rng, *rng.sample(pairs[at], 2))
            continue
        for one in _disturb(rng, segment, late):
            if rng.random() < mutated:
                rng.choice(MUTATIONS)(rng, one)
            yield one.packet()


def _pair(rng: Random, family: Family) -> tuple[End, End]:
    """Two ends. Hosts and ports are few, so that two pairs may be the same association."""
    hosts = family.hosts[:HOSTS]
    one, two = rng.sample(hosts, 2) if rng.random() < 0.98 else [rng.choice(hosts)] * 2
    ip = family.between(one, two)
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
    segment.chunks.insert(rng.randrange(len(segment.chunks) + 1), any_chunk(rng))


def _swap(rng: Random, segment: Segment) -> None:
    segment.chunks[rng.randrange(len(segment.chunks))] = any_chunk(rng)


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
