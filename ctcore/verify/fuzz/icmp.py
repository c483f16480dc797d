"""ICMP traffic: queries and answers of every type, and errors that quote packets, truly or nearly so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.verify.fuzz.family import Family
from ctcore.verify.fuzz.ip import V4

MEMORY: Final = 12


def traffic(rng: Random, others: Iterator[bytes], family: Family = V4) -> Iterator[bytes]:
    """ICMP without end, between the packets of ``others``, which its errors quote."""
    past: deque[bytes] = deque(maxlen=MEMORY)
    while True:
        luck = rng.random()
        if luck < 0.35 or not past:
            packet = next(others)
        elif luck < 0.6:
            packet = _query(rng, family)
        else:
            packet = _error(rng, family, past)
        if rng.random() < 0.9:
            past.append(packet)
        yield packet


def _query(rng: Random, family: Family) -> bytes:
    source, destination = rng.sample(family.hosts, 2)
    ip = family.between(source, destination)
    kind = rng.choice((*family.queries, *family.answers))
    if rng.random() < 0.15:
        kind = rng.choice((*family.other_types, rng.getrandbits(8)))
    code = rng.choice((0, 0, 0, 0, 1, 255))
    rest = rng.choice((b"\0\1\0\1", b"\0\2\0\1", rng.randbytes(4)))
    data = rng.randbytes(rng.choice((0, 1, 8, 56)))
    check = rng.getrandbits(16) if rng.random() < 0.05 else None
    packet = ip.icmp(kind, code, rest, data, check=check)
    if rng.random() < 0.05:
        return family.mended(packet[: rng.randint(family.header, family.header + 8)])
    return packet


def _error(rng: Random, family: Family, past: deque[bytes]) -> bytes:
    """An error about a packet that was seen, told to its source, or to somebody else."""
    inner = rng.choice(past)
    source, destination = family.addresses(inner)
    if rng.random() < 0.35:
        inner = rng.choice(CHANGES)(rng, family, inner)
    receiver = rng.choice((source,) * 6 + (destination, rng.choice(family.hosts)))
    reporter = rng.choice((destination, family.stranger, rng.choice(family.hosts)))
    kind = rng.choice(family.errors) if rng.random() < 0.9 else rng.randrange(20)
    header = family.header
    quoted = inner[: rng.choice((header + 8, header + 8, header + 28, header + 40, header + 80, len(inner)))]
    if rng.random() < 0.15:
        quoted = inner[: rng.randrange(len(inner) + 1)]
    packet = family.between(reporter, receiver).icmp(kind, rng.choice((0, 1, 3, 4, 13)), rng.randbytes(4), quoted)
    if rng.random() < 0.03:
        return packet[: header + 2] + rng.randbytes(2) + packet[header + 4 :]
    return family.redirected(rng, packet, quoted)


def _turned(rng: Random, family: Family, inner: bytes) -> bytes:
    """Source and destination have changed places, with or without the ports."""
    header, end, width = family.header_length(inner), family.header, family.width
    ports = inner[header + 2 : header + 4] + inner[header : header + 2]
    if rng.random() < 0.5:
        ports = inner[header : header + 4]
    first, middle = end - 2 * width, end - width
    return inner[:first] + inner[middle:end] + inner[first:middle] + inner[end:header] + ports + inner[header + 4 :]


def _byte(rng: Random, family: Family, inner: bytes) -> bytes:
    """One byte of the header or the first eight behind it is another one."""
    at = rng.randrange(min(family.header + 8, len(inner)) or 1)
    return inner[:at] + rng.randbytes(1) + inner[at + 1 :]


def _fragment(rng: Random, family: Family, inner: bytes) -> bytes:
    """It was a fragment: the first or a later one."""
    return family.as_fragment(rng, inner)


def _options(rng: Random, family: Family, inner: bytes) -> bytes:
    return family.with_options(rng, inner) if len(inner) >= family.header else inner


def _wrapped(rng: Random, family: Family, inner: bytes) -> bytes:
    """It was an error message itself."""
    ip = family.between(family.hosts[0], family.hosts[2])
    return ip.icmp(family.errors[0], 1, bytes(4), inner[: family.header + 8])


def _length(rng: Random, family: Family, inner: bytes) -> bytes:
    """Its header says another length, of itself or of the packet."""
    return family.with_other_length(rng, inner)


CHANGES: Final[tuple[Callable[[Random, Family, bytes], bytes], ...]] = (
    _turned, _byte, _fragment, _options, _wrapped, _length,
)  # fmt: skip
