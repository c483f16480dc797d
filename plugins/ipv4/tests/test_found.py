"""What the fuzzer found: each once differed from the running kernel, and is as the kernel has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctcore.netfilter import Verdict
from ctcore.testing.conversation import IPV4
from ctcore.testing.fixtures import Converse


@pytest.mark.parametrize("option", ["86060003e404", "860c040204070000dfd20000", "8608000000010202"])
def test_commercial_security_of_no_known_domain_is_not_forwarded(option: str, converse: Converse) -> None:
    """It was tracked by then, but its flow is never confirmed."""
    talk = converse()
    ip = replace(IPV4, options=bytes.fromhex(option))
    result = talk.send(ip.packet(99, b"12345678"))
    assert (result.state, result.verdict) == ("new", Verdict.DROP)
    assert talk.entries == []


def test_basic_security_is_forwarded(converse: Converse) -> None:
    talk = converse()
    ip = replace(IPV4, options=bytes.fromhex("820b0000000000000000ff"))
    assert talk.send(ip.packet(99, b"12345678")).verdict == Verdict.ACCEPT
