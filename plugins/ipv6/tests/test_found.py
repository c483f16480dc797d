"""What was found beside the running kernel: each once differed from it, and is as the kernel has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctcore import Verdict
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import HOP_BY_HOP, IPv6, extension

OTHER = 253  # a protocol for experiments: no plugin has it


@pytest.mark.parametrize(("padding", "taken"), [(0, False), (1, False), (2, True), (3, False)])
def test_ioam_options_must_begin_at_a_word(padding: int, taken: bool, converse6: Converse) -> None:
    """Its number says that who does not know it may go on, and the kernel is told to ignore it: this it checks."""
    options = bytes(padding) + b"\x31\2ab"
    result = converse6().send(replace(HOSTS, extensions=(extension(HOP_BY_HOP, options),)).packet(OTHER))
    assert (result.verdict == Verdict.ACCEPT) == taken


@pytest.mark.parametrize("address", ["::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1"])
def test_addresses_made_of_ipv4_ones_are_forwarded(address: str, converse6: Converse) -> None:
    for ip in (IPv6(address, HOSTS.dst), IPv6(HOSTS.dst, address)):
        assert converse6().send(ip.packet(OTHER)).verdict == Verdict.ACCEPT


def test_a_datagram_whose_version_was_overwritten(converse6: Converse) -> None:
    """The kernel remembers in one byte where the next header field is: 256 is 0, the first byte of all.

    What follows is then taken for a fragment header, and that it is of no known version matters to nobody any more.
    """
    ip = replace(HOSTS, ident=7, extensions=(extension(60, bytes(206)), extension(60), extension(43, bytes(4))))
    talk = converse6()
    first, last = ip.fragments(OTHER, bytes((OTHER - 1,)) + bytes(39), [24])
    assert talk.send(first).verdict == Verdict.STOLEN
    result = talk.send(last)
    assert (result.state, result.verdict, talk.flow["l4num"]) == ("new", Verdict.ACCEPT, OTHER - 1)


def test_a_capture_that_ends_within_hop_by_hop_options(converse6: Converse) -> None:
    whole = replace(HOSTS, extensions=(extension(HOP_BY_HOP),)).packet(OTHER)
    for size in (40, 41, 42, 47):
        result = converse6().send(whole[:size], wire_length=len(whole))
        assert result.state == ("new" if size >= 42 else "invalid")
