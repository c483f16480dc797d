"""What flows with a helper say, a module for each helper: ``LANGUAGE`` names it and makes one payload after the other.

Hosts, ports and numbers are few, so that announcements meet flows, and one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

PORTS: Final = (1, 1024, 5000, 5001, 65535)
"""What is announced, as a rule, and what flows go to."""


OTHERS: Final = ("10.0.2.9", "0.0.0.0")
OTHERS6: Final = ("2001:db8:2::9", "::")
"""Of each address family a host that is elsewhere, and none."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Between whom a conversation is: addresses as text; and what the two mean to say next, where order matters."""

    client: str
    server: str
    next: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def ipv6(self) -> bool:
        """Whether the two speak over IPv6."""
        return ":" in self.client


Say = Callable[[Random, Ends], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Language:
    """A helper's traffic: ``say(rng, ends)`` makes a payload with its direction (0 the client's, 1 the server's).

    ``l4num`` is the protocol of the conversations and ``expected`` that of the flows that they announce; ``port`` is
    the helper's; with ``ipv6`` it helps flows of IPv6 too.
    """

    helper: str
    l4num: int
    port: int
    expected: int
    say: Say
    ipv6: bool = True


def mostly(rng: Random, right: bytes, *others: bytes) -> bytes:
    """The first one as a rule."""
    return right if rng.random() < 0.85 else rng.choice(others)


def number(rng: Random) -> bytes:
    """A number as text: one that means something as a rule, else one that is too large, or none at all."""
    if rng.random() < 0.9:
        return str(rng.choice((*PORTS, 0, 1023))).encode()
    large = rng.choice((256, 65536, 65537, 2**32 - 1, 2**32, 2**32 + 5000, 2**64 + 5000, rng.getrandbits(80)))
    return rng.choice((str(large).encode(), b"", b"-5", b"+5", b"0005000", b"0x10", b"5 0", b"12a"))


def address(rng: Random, ends: Ends) -> str:
    """The address of an end as a rule."""
    return rng.choice((ends.client, ends.client, ends.server, ends.server, *(OTHERS6 if ends.ipv6 else OTHERS)))


def changed(rng: Random, data: bytes) -> bytes:
    """The payload with a byte or two of it changed, lost or put in, the case of letters turned, or an end cut off."""
    kind, at = rng.randrange(7), rng.randrange(len(data) + 1)
    other = bytes([rng.choice((0, 9, 10, 13, 32, 40, 44, 48, 58, 124, rng.randrange(256)))])
    variants = (
        data[:at],
        data[at:],
        data[:at] + other + data[at + 1 :],
        data[:at] + other + data[at:],
        data[:at] + data[at + 1 :],
        data.swapcase(),
        data + data[at:],
    )
    return variants[kind]
