"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest

from ctcore import Registry
from ctcore.testing.conformance import accounts
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, tcp_options, window_scale

GOOD = IPv4("10.0.1.2", "10.0.2.2").tcp(1, 2, "S", 100, options=tcp_options(window_scale(2)), data=b"hello")


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_a_capture_that_keeps_only_so_much(size: int, registry: Registry) -> None:
    """A segment is tracked once its header is there, and counted by its length on the wire; options may be missing."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    if size < 20:
        assert seen["state"] == "none"
    elif size < 40:
        assert (seen["state"], seen["entry"]) == ("invalid", None)
    else:
        assert (seen["state"], seen["reasons"]) == ("new", [])
        assert seen["entry"]["original"]["bytes"] == len(GOOD)
        assert seen["entry"]["tcp"]["wscale"] == [2 if size >= 43 else 0, 0]
    assert seen["reasons"] or size >= 40


def test_garbage_at_first_leaves_no_trace(converse: Converse) -> None:
    talk = converse()
    garbage = ["SF", "", "P", "F", "SR", "SA", "FA", "R", "RA", "RU", "FSRPAUEC"]
    for flags in garbage:
        for party in (talk.client, talk.server):
            result = party.tcp(flags, 1, 1)
            assert (result.state, result.entry) == ("invalid", None)
    assert (talk.count("invalid"), talk.entries) == (2 * len(garbage), [])
    assert talk.conntrack.net.table.count == 0
    talk.tcp("> S 100 0; < SA 500 101; > A 101 501")
    assert (talk.state, talk.packets, talk.flow["id"]) == ("ESTABLISHED", (2, 1), talk.entry.id)


def test_garbage_in_between_changes_nothing(converse: Converse) -> None:
    talk = converse()
    for segment in ("> S 100 0", "< SA 500 101", "> A 101 501"):
        talk.tcp(segment)
        before = talk.flow
        for flags in ("SF", "", "P", "F", "SR", "RU"):
            for party in (talk.client, talk.server):
                assert party.tcp(flags, 101, 501).state == "invalid"
                assert talk.flow == before
