"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest

from ctcore import Registry
from ctcore.testing.conformance import accounts, check_cuts
from ctcore.testing.packets import IPv4

HOSTS = IPv4("10.0.1.2", "10.0.2.2")
GOOD = HOSTS.echo(1, data=b"hello")
ERROR = HOSTS.back.icmp_error(3, 1, GOOD)


def test_every_cut_of_an_error(registry: Registry) -> None:
    check_cuts(registry, ERROR)


@pytest.mark.parametrize("size", range(20, len(GOOD)))
def test_a_capture_that_keeps_only_so_much_of_a_query(size: int, registry: Registry) -> None:
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    assert seen["state"] == ("invalid" if size < 28 else "new")
    assert len(seen["reasons"]) == (1 if size < 28 else 0)


@pytest.mark.parametrize("size", range(20, len(ERROR)))
def test_a_capture_that_keeps_only_so_much_of_an_error(size: int, registry: Registry) -> None:
    """Both headers of the quoted packet are needed."""
    _, seen = accounts(registry, [GOOD, ERROR[:size]], cut=True)
    assert seen["state"] == ("invalid" if size < 20 + 8 + 28 else "related")
    assert len(seen["reasons"]) == (1 if size < 20 + 8 + 28 else 0)
