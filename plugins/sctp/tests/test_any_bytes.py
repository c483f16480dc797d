"""Whatever comes, it has a verdict, and a reason where it is refused."""

from __future__ import annotations

import pytest

from ctcore import Registry
from ctcore.testing.conformance import accounts
from ctcore.testing.sctp import Association, chunk

TALK = Association()
GOOD = TALK.init()


@pytest.mark.parametrize("size", range(20, len(GOOD)))
def test_a_capture_that_keeps_only_so_much(size: int, registry: Registry) -> None:
    """An INIT tells its tag once its fixed part is there; of a packet cut short no checksum is verified."""
    (seen,) = accounts(registry, [GOOD[:size]], cut=True)
    assert (seen["state"], seen["entry"]) == ("invalid", None)
    assert seen["reasons"]


def test_data_that_a_capture_left_out(registry: Registry) -> None:
    packets = [*TALK.opening(), TALK.send(0, chunk(0, bytes(40)))[:40]]
    assert accounts(registry, packets, cut=True)[-1]["state"] == "established"
