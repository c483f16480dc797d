"""The fuzzer finds faults planted in SCTP, GRE, UDP-Lite and PPTP."""

from __future__ import annotations

import pytest

from ctcore.verify.fuzz.hunt import Hunt
from tests.live.test_fuzz import SEED, WITHIN
from tests.planted import PPTP, TRANSPORTS, Plant

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.plain,
    pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "udplite", "pptp"),
]


@pytest.mark.parametrize(("profile", "plant"), [*TRANSPORTS.values(), *PPTP.values()], ids=[*TRANSPORTS, *PPTP])
def test_a_planted_fault_is_found(profile: str, plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    hunt = Hunt(profile, SEED)
    found = next(hunt.differences(WITHIN), None)
    assert found is not None, f"nothing was found in {hunt.packets} packets"
    monkeypatch.undo()
    assert hunt.rounds.run(found[0]).difference is None, "it is the fault that was found"
