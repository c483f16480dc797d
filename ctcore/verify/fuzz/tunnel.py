"""GRE and UDP-Lite traffic: few hosts and keys that collide, headers of every kind, cut short and wrong."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from ctcore.testing.packets import Transports, shortened
from ctcore.testing.tunnels import ETHERTYPE_IPV4, GRE, PPP, gre, pptp_gre, udplite
from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4

HOSTS: Final = 3
CALLS: Final = (0, 1, 0x6F, 0xFFFF)
PORTS: Final = (0, 53, 1000)
SIZES: Final = (0, 1, 2, 8, 30, 300)


def tunnels(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """GRE packets without end."""
    while True:
        ip = _direction(rng, family)
        for _ in range(rng.randint(1, 4)):
            packet = (ip if rng.random() < 0.6 else ip.back).packet(GRE, _header(rng))
            yield _cut(rng, family, packet, 12) if rng.random() < 0.1 else packet


def _header(rng: Random) -> bytes:
    data = rng.randbytes(rng.choice(SIZES))
    protocol = rng.choice((ETHERTYPE_IPV4, PPP, PPP, 0x6558, rng.getrandbits(16)))
    flags = rng.choice((0, 0, 0x2000, 0x3000, 0x8000, rng.getrandbits(13) << 3))
    if rng.random() < 0.5:
        return pptp_gre(rng.choice(CALLS), data, flags=flags, protocol=PPP if rng.random() < 0.9 else protocol)
    return gre(data, flags=flags, version=rng.choice((0, 0, 0, 1, 2, 7)), protocol=protocol)


def lite(rng: Random, family: Family = V4) -> Iterator[bytes]:
    """UDP-Lite datagrams without end."""
    while True:
        ip, (sport, dport) = _direction(rng, family), (rng.choice(PORTS), rng.choice(PORTS))
        for _ in range(rng.randint(1, 4)):
            yield _datagram(rng, family, ip, sport, dport)
            if rng.random() < 0.6:
                yield _datagram(rng, family, ip.back, dport, sport)


def _datagram(rng: Random, family: Family, ip: Transports, sport: int, dport: int) -> bytes:
    data = rng.randbytes(rng.choice(SIZES))
    size = 8 + len(data)
    coverage = rng.choice((0, 8, size, max(8, size - 1), size + 1, 9, 7, 1, rng.getrandbits(16)))
    check = rng.choice((None, None, None, None, 0, rng.getrandbits(16)))
    packet = udplite(ip, sport, dport, data, coverage=coverage, check=check, rfc=rng.random() < 0.1)
    return _cut(rng, family, packet, 10) if rng.random() < 0.05 else packet


def _cut(rng: Random, family: Family, packet: bytes, most: int) -> bytes:
    """The packet with a transport part of at most so many bytes."""
    return shortened(packet, rng.randint(family.header, min(len(packet), family.header + most)))


def _direction(rng: Random, family: Family) -> Transports:
    hosts = family.hosts[:HOSTS]
    one, other = rng.sample(hosts, 2) if rng.random() < 0.98 else [rng.choice(hosts)] * 2
    return family.between(one, other)
