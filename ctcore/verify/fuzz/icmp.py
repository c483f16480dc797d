"""ICMP traffic: queries and answers of every type, and errors that quote packets, truly or nearly so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from ctcore.testing.packets import IPv4
from ctcore.verify.fuzz.ip import header_length, mended, with_options
from ctcore.verify.fuzz.options import options

HOSTS: Final = ("10.0.1.2", "10.0.1.3", "10.0.2.2", "192.0.2.9")
QUERIES: Final = (8, 13, 15, 17)
ERRORS: Final = (3, 4, 5, 11, 12)
MEMORY: Final = 12


def traffic(rng: Random, others: Iterator[bytes]) -> Iterator[bytes]:
    """ICMP without end, between the packets of ``others``, which its errors quote."""
    past: deque[bytes] = deque(maxlen=MEMORY)
    while True:
        luck = rng.random()
        if luck < 0.35 or not past:
            packet = next(others)
        elif luck < 0.6:
            packet = _query(rng)
        else:
            packet = _error(rng, past)
        if rng.random() < 0.9:
            past.append(packet)
        yield packet


def _query(rng: Random) -> bytes:
    source, destination = rng.sample(HOSTS, 2)
    ip = IPv4(source, destination)
    kind = rng.choice((*QUERIES, 0, 14, 16, 18))
    if rng.random() < 0.15:
        kind = rng.choice((*range(20), 30, 40, 128, rng.getrandbits(8)))
    code = rng.choice((0, 0, 0, 0, 1, 255))
    rest = rng.choice((b"\0\1\0\1", b"\0\2\0\1", rng.randbytes(4)))
    data = rng.randbytes(rng.choice((0, 1, 8, 56)))
    check = rng.getrandbits(16) if rng.random() < 0.05 else None
    packet = ip.icmp(kind, code, rest, data, check=check)
    if rng.random() < 0.05:
        return mended(packet[: rng.randint(20, 28)])
    return packet


def _error(rng: Random, past: deque[bytes]) -> bytes:
    """An error about a packet that was seen, told to its source, or to somebody else."""
    inner = rng.choice(past)
    about = inner[12:20] if len(inner) >= 20 else bytes(8)
    if rng.random() < 0.35:
        inner = rng.choice(CHANGES)(rng, inner)
    source, destination = (".".join(map(str, about[at : at + 4])) for at in (0, 4))
    receiver = rng.choice((source,) * 6 + (destination, rng.choice(HOSTS)))
    reporter = rng.choice((destination, "192.0.2.77", rng.choice(HOSTS)))
    kind = rng.choice(ERRORS) if rng.random() < 0.9 else rng.randrange(20)
    quoted = inner[: rng.choice((28, 28, 48, 60, 100, len(inner)))]
    if rng.random() < 0.15:
        quoted = inner[: rng.randrange(len(inner) + 1)]
    packet = IPv4(reporter, receiver).icmp(kind, rng.choice((0, 1, 3, 4, 13)), rng.randbytes(4), quoted)
    if rng.random() < 0.03:
        return packet[:22] + rng.randbytes(2) + packet[24:]
    return packet


def _turned(rng: Random, inner: bytes) -> bytes:
    """Source and destination have changed places, with or without the ports."""
    header = header_length(inner)
    ports = inner[header + 2 : header + 4] + inner[header : header + 2]
    if rng.random() < 0.5:
        ports = inner[header : header + 4]
    return inner[:12] + inner[16:20] + inner[12:16] + inner[20:header] + ports + inner[header + 4 :]


def _byte(rng: Random, inner: bytes) -> bytes:
    """One byte of the first 28 is another one."""
    at = rng.randrange(min(28, len(inner)) or 1)
    return inner[:at] + rng.randbytes(1) + inner[at + 1 :]


def _fragment(rng: Random, inner: bytes) -> bytes:
    """It was a fragment: the first or a later one."""
    return inner[:6] + rng.choice((b"\x20\0", b"\x20\1", b"\0\1", b"\x40\0", b"\x9f\xff")) + inner[8:]


def _options(rng: Random, inner: bytes) -> bytes:
    return with_options(inner, options(rng)) if len(inner) >= 20 else inner


def _wrapped(rng: Random, inner: bytes) -> bytes:
    """It was an error message itself."""
    return IPv4("10.0.1.2", "10.0.2.2").icmp(3, 1, bytes(4), inner[:28])


def _length(rng: Random, inner: bytes) -> bytes:
    """Its header says another length, of itself or of the packet."""
    if rng.random() < 0.5:
        return bytes([rng.choice((0x40, 0x60)) | rng.randrange(16)]) + inner[1:]
    return inner[:2] + rng.randbytes(2) + inner[4:]


CHANGES: Final[tuple[Callable[[Random, bytes], bytes], ...]] = (_turned, _byte, _fragment, _options, _wrapped, _length)
