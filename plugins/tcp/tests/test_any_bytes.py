"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts, check_any_bytes, check_cuts, check_surroundings
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, sack, sack_permitted, tcp_options, window_scale
from ctcore.testing.strategies import directions, mixed

IPPROTO_TCP = 6

# A few ports and numbers, so that segments meet in one flow.
segments = st.builds(
    lambda ip, flags, seq, ack, window, options, data: ip.tcp(
        7, 7, flags, seq, ack, window=window, options=tcp_options(options)[:40], data=data
    ),
    directions,
    st.one_of(st.sampled_from(["S", "SA", "A", "A", "FA", "R", "RA"]), st.text("FSRPAUEC", max_size=8)),
    st.sampled_from([0, 100, 101, 500, 501, 2**31, 2**32 - 1]),
    st.sampled_from([0, 100, 101, 500, 501, 2**31, 2**32 - 1]),
    st.sampled_from([0, 1, 1000, 65535]),
    st.one_of(st.just(b""), st.binary(max_size=40), st.just(window_scale(7) + sack_permitted() + sack((1, 2)))),
    st.binary(max_size=9),
)
packets = mixed(segments, IPPROTO_TCP)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=200)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=60)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut)


GOOD = IPv4("10.0.1.2", "10.0.2.2").tcp(1, 2, "S", 100, options=tcp_options(window_scale(2)), data=b"hello")


def test_every_cut(registry: Registry) -> None:
    check_cuts(registry, GOOD)


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
