"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Registry
from ctcore.testing.conformance import accounts, check_any_bytes, check_cuts, check_surroundings
from ctcore.testing.sctp import CHUNK_NAMES, Association, chunk, init
from ctcore.testing.strategies import mixed

TALK = Association()
KINDS = st.one_of(st.sampled_from(sorted(CHUNK_NAMES)), st.integers(0, 255))
TAGS = st.sampled_from([0, 0xAAAA, 0xBBBB, 5])

chunks = st.one_of(
    st.builds(chunk, KINDS, st.binary(max_size=20), st.integers(0, 1), st.one_of(st.none(), st.integers(0, 40))),
    st.builds(init, TAGS, st.sampled_from([1, 2])),
)
associated = st.builds(
    lambda side, vtag, some, check: TALK.send(side, *some, vtag=vtag, check=check),
    st.integers(0, 1),
    TAGS,
    st.lists(chunks, max_size=3),
    st.one_of(st.none(), st.none(), st.none(), st.integers(0, 2**32 - 1)),
)
packets = mixed(st.one_of(associated, st.sampled_from(TALK.opening())), 132)


@given(packets, st.booleans())
@settings(deadline=None, max_examples=250)
def test_any_bytes(registry: Registry, packets: list[bytes], cut: bool) -> None:
    check_any_bytes(registry, packets, cut)


@given(packets, st.binary(max_size=80), st.binary(max_size=80), st.booleans())
@settings(deadline=None, max_examples=100)
def test_any_surroundings(registry: Registry, packets: list[bytes], before: bytes, after: bytes, cut: bool) -> None:
    check_surroundings(registry, packets, before, after, cut)


GOOD = TALK.init()


def test_every_cut(registry: Registry) -> None:
    check_cuts(registry, GOOD)


@pytest.mark.parametrize("size", range(20, len(GOOD)))
def test_a_capture_that_keeps_only_so_much(size: int, registry: Registry) -> None:
    """An INIT tells its tag once its fixed part is there; of a packet cut short no checksum is verified."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    if size < len(GOOD):
        assert (seen["state"], seen["entry"]) == ("invalid", None)
        assert seen["reasons"]


def test_data_that_a_capture_left_out(registry: Registry) -> None:
    packets = [*TALK.opening(), TALK.send(0, chunk(0, bytes(40)))[:40]]
    assert accounts(registry, packets, cut=True)[-1]["state"] == "established"
