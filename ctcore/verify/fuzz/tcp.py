"""TCP traffic: lives of connections on few ports, interleaved, with segments lost, repeated, late and mutated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.testing.packets import sack, window_scale
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4
from ctcore.verify.fuzz.life import life, short_life
from ctcore.verify.fuzz.opening import WINDOWS, Segments
from ctcore.verify.fuzz.segment import ACK, FIN, PSH, RST, SYN, U32, URG, End, Segment

HOSTS: Final = 3  # of the family's
PORTS: Final = (80, 1000, 1001, 1002, 1003)
DISTANCES: Final = (
    1, 1, 2, 9, 40, 300, 1000, 65534, 65535, 65536, 65999, 66000, 66001, 66002, 1 << 20, (1 << 30),
    (1 << 31) - 1, 1 << 31, (1 << 31) + 1,
)  # fmt: skip
FLAGS: Final = (
    0, SYN, SYN | ACK, FIN, FIN | ACK, ACK, RST, RST | ACK, ACK | PSH, ACK | URG, SYN | URG, SYN | FIN,
    SYN | RST, FIN | ACK | URG, RST | URG, PSH, URG, SYN | 0xC0, ACK | 0x40, FIN | ACK | PSH,
)  # fmt: skip


def traffic(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """Packets without end, of whole lives."""
    return _traffic(rng, family, life)


def closing(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """Packets without end, of connections that are hardly open when they close."""
    return _traffic(rng, family, short_life)


def _traffic(rng: Random, family: Family, live: Callable[[Random, End, End], Segments]) -> Iterator[bytes]:
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
            a, b = pairs[at]
            lives[at] = live(rng, *((b, a) if rng.random() < 0.2 else (a, b)))
            continue
        for one in _disturb(rng, segment, late):
            if rng.random() < mutated:
                rng.choice(MUTATIONS)(rng, one)
            yield one.packet()


def _pair(rng: Random, family: Family) -> tuple[End, End]:
    """Two ends. Hosts and ports are few, so that two pairs may be the same connection."""
    one, two = rng.sample(family.hosts[:HOSTS], 2)
    ports = rng.choice(PORTS), rng.choice(PORTS)
    if rng.random() < 0.02:
        two = one  # a host that talks to itself, perhaps from a port to the same port
        ports = ports[0], rng.choice(ports)
    ip = family.between(one, two)
    a, b = End(ip, ports[0]), End(ip.back, ports[1])
    a.peer, b.peer = b, a
    return a, b


def _disturb(rng: Random, segment: Segment, late: list[Segment]) -> Iterator[Segment]:
    """The network: a segment is lost, comes twice, or comes later."""
    luck = rng.random()
    if luck < 0.03:
        return
    if luck < 0.06:
        late.append(segment)
        return
    yield _copy(segment)
    if luck < 0.10:
        yield _copy(segment)
    if late and rng.random() < 0.2:
        yield late.pop(rng.randrange(len(late)))


def _copy(segment: Segment) -> Segment:
    fields = (segment.end, segment.flags, segment.seq, segment.ack, segment.window, segment.options, segment.data)
    return Segment(*fields)


def _number(rng: Random, segment: Segment) -> int:
    """A number on or beside one of the edges that the window check knows."""
    end, peer = segment.end, segment.end.peer
    base = rng.choice((segment.seq, segment.ack, end.next, end.heard, end.edge, peer.next, peer.heard, peer.edge))
    return (base + rng.choice((0, 1, -1)) * rng.choice(DISTANCES) + rng.choice((0, 0, 1, -1, -len(segment.data)))) % U32


def _seq(rng: Random, segment: Segment) -> None:
    segment.seq = rng.choice((_number(rng, segment), _number(rng, segment), 0, rng.getrandbits(32)))


def _ack(rng: Random, segment: Segment) -> None:
    segment.ack = rng.choice((_number(rng, segment), _number(rng, segment), 0, rng.getrandbits(32)))


def _window(rng: Random, segment: Segment) -> None:
    segment.window = rng.choice((*WINDOWS, rng.getrandbits(16)))


def _flags(rng: Random, segment: Segment) -> None:
    segment.flags = rng.choice((*FLAGS, segment.flags ^ 1 << rng.randrange(8), rng.getrandbits(8)))


def _reset(rng: Random, segment: Segment) -> None:
    segment.flags = rng.choice((RST, RST | ACK))
    segment.data = b""
    if rng.random() < 0.7:
        segment.seq = _number(rng, segment)


def _data(rng: Random, segment: Segment) -> None:
    segment.data = bytes(rng.choice((0, 1, 9, 500, (segment.end.edge - segment.seq) % 1400)))


def _options(rng: Random, segment: Segment) -> None:
    choices = (
        b"",
        rng.randbytes(rng.randint(1, 40)),
        bytes(rng.choice((0, 1, 2, 3, 4, 5, 8, 10)) for _ in range(rng.randint(1, 40))),
        window_scale(rng.choice((0, 1, 13, 14, 15, 255))),
        b"\x04\x02" + window_scale(rng.randrange(16)),
        _sack(rng, segment),
        b"\x01\x01\x08\x0a" + bytes(8),
        b"\x08\x0a" + bytes(8) + _sack(rng, segment)[:30],
        segment.options[: rng.randrange(len(segment.options) + 1)],
        b"\x01" * rng.randrange(20) + segment.options[:20],
        b"".join(_option(rng, segment) for _ in range(rng.randint(1, 4))),
        b"".join(_option(rng, segment) for _ in range(rng.randint(1, 4))),
    )
    segment.options = rng.choice(choices)[:40]
    if rng.random() < 0.5:
        segment.options = segment.options[: len(segment.options) // 4 * 4]  # the last one may be cut short


def _option(rng: Random, segment: Segment) -> bytes:
    """One option of a kind that matters, of any length."""
    kind = rng.choice((0, 1, 2, 3, 3, 4, 4, 5, 5, 8, 34, rng.getrandbits(8)))
    length = rng.choice((0, 1, 2, 2, 3, 3, 4, 10, 10, 11, 18, rng.randrange(40)))
    edges = b"".join(_number(rng, segment).to_bytes(4, "big") for _ in range(10))
    return bytes((kind,)) if kind < 2 else bytes((kind, length)) + edges[: max(0, length - 2)]


def _sack(rng: Random, segment: Segment) -> bytes:
    edges = [_number(rng, segment) for _ in range(rng.choice((2, 2, 4, 6, 8)))]
    return sack(*zip(edges[::2], edges[1::2], strict=True))


def _offset(rng: Random, segment: Segment) -> None:
    segment.offset = rng.randrange(16)


def _checksum(rng: Random, segment: Segment) -> None:
    segment.spoil = rng.choice((1, 0x100, 0xFFFF, rng.getrandbits(16)))


def _other_side(rng: Random, segment: Segment) -> None:
    """The segment comes out of the wrong end."""
    segment.end = segment.end.peer


MUTATIONS: Final[tuple[Callable[[Random, Segment], None], ...]] = (
    _seq, _seq, _ack, _ack, _window, _flags, _reset, _data, _options, _offset, _checksum, _other_side,
)  # fmt: skip
