"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest

from ctcore import Registry
from ctcore.testing.conformance import ETHERTYPE_IPV6, accounts, check_cuts
from ctcore.testing.conversation import IPV6 as HOSTS

GOOD = HOSTS.echo(1, data=b"hello")
ERROR = HOSTS.back.icmp_error(1, 1, GOOD)


def test_every_cut_of_an_error(registry: Registry) -> None:
    check_cuts(registry, ERROR)


@pytest.mark.parametrize("size", range(40, len(GOOD)))
def test_a_capture_that_keeps_only_so_much_of_a_query(size: int, registry: Registry) -> None:
    (seen,) = accounts(registry, [GOOD[:size]], cut=True, ethertype=ETHERTYPE_IPV6)
    assert seen["state"] == ("invalid" if size < 48 else "new")
    assert len(seen["reasons"]) == (1 if size < 48 else 0)


@pytest.mark.parametrize("size", range(40, len(ERROR)))
def test_a_capture_that_keeps_only_so_much_of_an_error(size: int, registry: Registry) -> None:
    """Both headers of the quoted packet are needed."""
    _, seen = accounts(registry, [GOOD, ERROR[:size]], cut=True, ethertype=ETHERTYPE_IPV6)
    assert seen["state"] == ("invalid" if size < 40 + 8 + 48 else "related")
    assert len(seen["reasons"]) == (1 if size < 40 + 8 + 48 else 0)
