"""UDP traffic and protocols without a tracker: conversations on few ports, with wrong lengths and checksums."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from ctcore.testing.packets import Transports
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4

PORTS: Final = (0, 53, 1000, 65535)
SIZES: Final = (0, 1, 2, 7, 8, 30, 300, 1400)


def traffic(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """UDP datagrams without end."""
    while True:
        ip, (sport, dport) = _direction(rng, family), (rng.choice(PORTS), rng.choice(PORTS))
        for _ in range(rng.randint(1, 4)):
            yield _datagram(rng, ip, sport, dport)
            if rng.random() < 0.6:
                yield _datagram(rng, ip.back, dport, sport)


def others(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """Packets without end of protocols that have no tracker; some of them are empty."""
    numbers = [rng.choice(family.numbers) for _ in range(4)]
    while True:
        yield _direction(rng, family).packet(rng.choice(numbers), rng.randbytes(rng.choice(SIZES)))


def _direction(rng: Random, family: Family) -> Transports:
    one, other = rng.sample(family.hosts, 2) if rng.random() < 0.98 else [rng.choice(family.hosts)] * 2
    return family.between(one, other)


def _datagram(rng: Random, ip: Transports, sport: int, dport: int) -> bytes:
    data = rng.randbytes(rng.choice(SIZES))
    luck = rng.random()
    if luck < 0.75:
        return ip.udp(sport, dport, data)
    size = len(data) + 8
    lengths = (size - 1, size + 1, 7, 8, 9, 0, rng.getrandbits(16))
    length = max(0, rng.choice(lengths)) if luck < 0.87 else None
    check = rng.choice((0, 0, 1, 0xFFFF, rng.getrandbits(16), None))
    return ip.udp(sport, dport, data, length=length, check=check)
