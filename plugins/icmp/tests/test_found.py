"""What the fuzzer found: it once differed from the running kernel, and is as the kernel has it."""

from __future__ import annotations

import pytest

from ctcore.testing.fixtures import Converse


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_message_of_zeros_has_a_right_checksum(size: int, converse: Converse) -> None:
    """The kernel's sum begins with the IP header. An answer that nobody asked for it is all the same."""
    talk = converse()
    result = talk.client.icmp(0, rest=bytes(4), data=bytes(size), check=0)
    assert (result.state, [reason for reason in result.reasons if "checksum" in reason]) == ("invalid", [])
    assert (talk.count("error"), talk.count("invalid")) == (0, 1)
    wrong = talk.client.icmp(0, rest=bytes(4), data=bytes(size), check=1)
    assert wrong.reasons == ["nf_ct_proto_1: bad hw icmp checksum"]
