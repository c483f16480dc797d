"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

from ctcore import Registry
from ctcore.testing.conformance import accounts
from ctcore.testing.packets import IPv4

OTHER = 253  # a protocol for experiments: no plugin has it


def test_every_cut(registry: Registry) -> None:
    """A packet with bytes missing is dropped, whatever is in it; one that is shorter and says so is as good."""
    good = IPv4("10.0.1.2", "10.0.2.2", options=b"\x01" * 8).packet(OTHER, b"payload")
    for size in range(len(good)):
        (seen,) = accounts(registry, [good[:size]])
        assert (seen["verdict"].name, seen["state"], len(seen["reasons"])) == ("DROP", "none", 1)
    for size in range(len(good)):
        (seen,) = accounts(registry, [good[:size]], cut=True)
        assert seen["state"] == ("none" if size < 28 else "new")
