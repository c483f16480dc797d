"""The hunt: round after round, until enough packets agreed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ctcore.verify.fuzz.profiles import packets_of
from ctcore.verify.fuzz.run import Outcome, Rounds
from ctcore.verify.fuzz.settings import settings

ROUND: Final = 500
"""Packets that are through well before a clock that stands still is found out."""


@dataclass(slots=True)
class Hunt:
    """What is fed, and how much of it was.

    ``size`` is the packets of a round; ``fixed`` are the settings of every round, to which each adds its own where
    they ``vary``. ``packets`` and ``number`` count the packets compared and the rounds begun.
    """

    profile: str
    seed: int
    size: int = ROUND
    fixed: Mapping[str, int] = field(default_factory=dict)
    vary: bool = False
    rounds: Rounds = field(default_factory=Rounds)
    packets: int = 0
    number: int = 0

    def differences(self, limit: int) -> Iterator[tuple[list[bytes], Outcome]]:
        """The packets and the outcome of each round with a difference, until ``limit`` packets were compared.

        ``rounds`` has the settings of that round meanwhile.
        """
        while self.packets < limit:
            self.rounds.sysctls = {**(settings(self.seed, self.number) if self.vary else {}), **self.fixed}
            packets = packets_of(self.profile, self.seed, self.number, min(self.size, limit - self.packets))
            self.number += 1
            outcome = self.rounds.run(packets)
            self.packets += outcome.comparison.packets
            if outcome.difference is not None:
                yield packets[: len(outcome.kernel)], outcome
