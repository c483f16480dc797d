"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest

from ctcore import Registry
from ctcore.testing.conformance import accounts
from ctcore.testing.packets import IPv4

GOOD = IPv4("10.0.1.2", "10.0.2.2").udp(1, 2, b"hello")


@pytest.mark.parametrize("size", range(20, len(GOOD)))
def test_a_capture_that_keeps_only_so_much(size: int, registry: Registry) -> None:
    """A datagram is tracked once its header is there, and counted by its length on the wire."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    if size < 28:
        assert (seen["state"], seen["entry"], len(seen["reasons"])) == ("invalid", None, 1)
    else:
        assert (seen["state"], seen["reasons"]) == ("new", [])
        assert seen["entry"]["original"]["bytes"] == len(GOOD)
