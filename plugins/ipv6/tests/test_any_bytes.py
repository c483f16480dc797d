"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest

from ctcore import Registry
from ctcore.testing.conformance import ETHERTYPE_IPV6, accounts
from ctcore.testing.packets import IPv6, extension

OTHER = 253  # a protocol for experiments: no plugin has it
GOOD = IPv6("2001:db8:1::2", "2001:db8:2::2", extensions=(extension(0), extension(60))).packet(OTHER, b"payload")


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("size", range(len(GOOD)))
def test_every_cut(size: int, cut: bool, registry: Registry) -> None:
    """With bytes missing it is dropped; of one that a capture has cut, the headers must be there."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=cut, ethertype=ETHERTYPE_IPV6)
    if size < 40 or not cut:
        assert (seen["verdict"].name, seen["state"], len(seen["reasons"])) == ("DROP", "none", 1)
    else:
        assert seen["state"] == ("new" if size >= 50 else "invalid")
