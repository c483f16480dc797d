"""What the fuzzer found: each once differed from the running kernel, and is as the kernel has it."""

from __future__ import annotations

import pytest

from ctcore.testing.fixtures import Converse

FAR = 1 << 31  # half the sequence space: each of two numbers that are that far apart is after the other


def test_a_syn_half_the_sequence_space_away_begins_anew(converse: Converse) -> None:
    talk = converse()
    talk.client.tcp("S", 0xFFFFFFD8)
    again = talk.client.tcp("S", 0x7FFFFFD8)
    assert (again.state, again.reasons) == ("new", [])
    assert talk.server.tcp("SA", 500, 0x7FFFFFD9).state == "established"


@pytest.mark.parametrize(("distance", "state"), [(FAR, "invalid"), (FAR + 1, "established")])
def test_a_sequence_number_half_the_sequence_space_away(distance: int, state: str, converse: Converse) -> None:
    """It is over the upper bound; one further it is under the lower bound, and let through."""
    talk = converse()
    talk.tcp("> S 0 0; < SA 500 1; > A 1 501; < A 501 1")
    window = 65535
    assert talk.client.tcp("A", 1 + window + distance, 501).state == state


def test_a_header_that_is_not_whole_is_refused_in_silence(converse: Converse) -> None:
    """The kernel's log tells of a wrong data offset, but not of this."""
    talk = converse()
    short = talk.send(talk.client.ip.packet(6, talk.client.ip.tcp(1, 2, "S")[20:36]))
    assert short.state == "invalid"
    assert not any(reason.startswith("nf_ct_proto_6") for reason in short.reasons)
    assert talk.count("invalid") == 1
