"""The profiles: kinds of traffic by name, each an endless stream of packets from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random
from typing import Final

from ctcore.verify.fuzz import tcp

PROFILES: Final[dict[str, Callable[[Random], Iterator[bytes]]]] = {
    "tcp": tcp.traffic,
    "mixed": tcp.traffic,
}


def packets_of(profile: str, seed: int, number: int, count: int) -> list[bytes]:
    """The packets of one round: the same for the same arguments, on any machine."""
    return list(islice(PROFILES[profile](Random(f"{profile} {seed} {number}")), count))
