"""The hunt: round after round, until enough packets agreed."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ctcore.verify.fuzz.profiles import ethertype_of, helpers_of, packets_of
from ctcore.verify.fuzz.run import Outcome, Rounds
from ctcore.verify.fuzz.settings import settings

ROUND: Final = 500
"""Packets of a round: enough for flows to meet, and so few that no flow grows old."""


@dataclass(slots=True)
class Hunt:
    """What is fed, and how much of it was.

    ``size`` is the packets of a round; ``fixed`` are the settings of every round, to which each adds its own where
    they ``vary``. ``packets`` counts the packets compared, ``number`` the rounds begun or left out before the first.
    """

    profile: str
    seed: int
    size: int = ROUND
    fixed: Mapping[str, int] = field(default_factory=dict)
    vary: bool = False
    rounds: Rounds = field(default_factory=Rounds)
    packets: int = 0
    number: int = 0

    def differences(self, limit: int | None, seconds: float = math.inf) -> Iterator[tuple[list[bytes], Outcome]]:
        """The packets and the outcome of each round with a difference, until ``limit`` packets were compared.

        Only the first round begins when ``seconds`` have gone by. ``rounds`` has the settings and the helpers of that
        round meanwhile.
        """
        end = time.monotonic() + seconds
        self.rounds.ethertype = ethertype_of(self.profile)
        while (limit is None or self.packets < limit) and (not self.packets or time.monotonic() < end):
            self.rounds.sysctls = settings(self.seed, self.number, self.fixed) if self.vary else dict(self.fixed)
            self.rounds.helpers = helpers_of(self.profile)
            count = self.size if limit is None else min(self.size, limit - self.packets)
            packets = packets_of(self.profile, self.seed, self.number, count)
            self.number += 1
            outcome = self.rounds.run(packets)
            self.packets += outcome.comparison.packets
            if outcome.difference is not None:
                yield packets[: len(outcome.kernel)], outcome
