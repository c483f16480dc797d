"""The limits of reassembly (time, memory), its zones and hooks, and captures that were cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctcore import Hook, HookOps, Packet, Verdict, Zone
from ctcore.common import IP_CT_UNTRACKED
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import IPV6, Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv6

OTHER = 253  # a protocol for experiments: no plugin has it
BEFORE_DEFRAG = -450
DATA = bytes(range(256)) * 10
HOSTS = replace(IPV6, ident=7)


def first(ip: IPv6 = HOSTS, protocol: int = OTHER) -> bytes:
    return ip.fragment(protocol, DATA[:24], 0, more=True)


def last(ip: IPv6 = HOSTS, protocol: int = OTHER) -> bytes:
    return ip.fragment(protocol, DATA[24:48], 24, more=False)


def passes(talk: Conversation, packet: bytes) -> bool:
    verdict = talk.send(packet).verdict
    assert verdict in (Verdict.ACCEPT, Verdict.STOLEN)
    return verdict == Verdict.ACCEPT


@pytest.mark.parametrize(
    ("waits", "whole"), [((59.999,), True), ((60,), False), ((40, 19.999), True), ((40, 20), False)]
)
def test_fragments_wait_for_a_minute(waits: tuple[float, ...], whole: bool, converse6: Converse) -> None:
    """From the first one that came; the others do not make it longer."""
    talk = converse6()
    passes(talk, first())
    for wait in waits[:-1]:
        talk.wait(wait)
        passes(talk, first())
    talk.wait(waits[-1])
    assert passes(talk, last()) == whole


def test_names_and_defaults(converse6: Converse) -> None:
    sysctl = converse6().conntrack.net.sysctl
    found = {name.removeprefix("net.netfilter.nf_conntrack_"): sysctl[name] for name in sysctl if "frag6" in name}
    assert found == {"frag6_timeout": 60, "frag6_low_thresh": 3145728, "frag6_high_thresh": 4194304}


def test_the_time_can_be_set(converse6: Converse) -> None:
    for seconds, whole in ((1.5, True), (2, False)):
        talk = converse6(nf_conntrack_frag6_timeout=2)
        passes(talk, first())
        talk.wait(seconds)
        assert passes(talk, last()) == whole


def test_without_memory_every_further_fragment_is_dropped(converse6: Converse) -> None:
    """Those of a datagram that waits already, too; it is given back when time is up."""
    talk = converse6(nf_conntrack_frag6_low_thresh=0, nf_conntrack_frag6_high_thresh=0)
    passes(talk, first())
    for packet in (last(), first(replace(HOSTS, ident=8))):
        result = talk.send(packet)
        assert (result.verdict, result.reasons) == (Verdict.DROP, ["fragment dropped: no memory for more"])
    talk.wait(60)
    assert "waits" in talk.send(first()).reasons[0]


def test_memory_is_given_back_with_the_datagram(converse6: Converse) -> None:
    """However fragments end: together, overlapping, of a wrong size, or as a duplicate."""
    talk = converse6()
    fragments = talk.conntrack.net.l3protos[0x86DD].plugin.fragments
    odd = HOSTS.fragment(OTHER, DATA[:23], 24, more=True)
    overlap = HOSTS.fragment(OTHER, DATA[:24], 16, more=True)
    for packets in ([first(), last()], [first(), overlap], [first(), odd], [first(), first(), last()]):
        for packet in packets:
            talk.send(packet)
            assert fragments.memory >= 0
        assert fragments.memory == 0


# Whose fragments belong together.

OTHERS = [
    replace(HOSTS, ident=8),
    replace(HOSTS, src="2001:db8:1::3"),
    replace(HOSTS, dst="2001:db8:2::3"),
    HOSTS.back,
]


@pytest.mark.parametrize("other", OTHERS)
def test_of_different_datagrams(other: IPv6, converse6: Converse) -> None:
    talk = converse6()
    assert [passes(talk, packet) for packet in (first(), last(other), last(), first(other))] == [
        False,
        False,
        True,
        True,
    ]


def test_the_protocol_does_not_matter(converse6: Converse) -> None:
    talk = converse6()
    passes(talk, first())
    assert passes(talk, last(protocol=OTHER + 1))
    assert talk.flow["l4num"] == OTHER


# Zones and hooks: a queue for each.


def in_zone(talk: Conversation, zone: Zone | None) -> None:
    """Put the packets to come into a zone."""
    net = talk.conntrack.net

    def attach(pkt: Packet) -> int:
        pkt.ct = None if zone is None else net.template(zone)
        return ACCEPT

    net.l3protos[0x86DD].hooks.register([HookOps(Hook.PRE_ROUTING, BEFORE_DEFRAG, attach)])


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [(None, Zone(1), False), (Zone(2), Zone(1), False), (Zone(1), Zone(1), True), (None, Zone(1, dir=2), True)],
)
def test_zones_do_not_mix(one: Zone | None, other: Zone, whole: bool, converse6: Converse) -> None:
    talk = converse6()
    in_zone(talk, one)
    passes(talk, first())
    in_zone(talk, other)
    assert passes(talk, last()) == whole


def test_what_is_sent_and_what_comes_do_not_mix(converse6: Converse) -> None:
    talk = converse6()
    passes(talk, first())
    talk.conntrack.net.add_local(HOSTS.src)
    assert not passes(talk, last())
    assert passes(talk, first())


def attached(pkt: Packet) -> int:
    """Something before conntrack has given the packet a flow."""
    pkt.ctinfo = 0
    pkt.ct = next(iter(pkt.net.table))
    return ACCEPT


def untracked(pkt: Packet) -> int:
    pkt.ctinfo = IP_CT_UNTRACKED
    return ACCEPT


@pytest.mark.parametrize("hook", [Hook.PRE_ROUTING, Hook.LOCAL_OUT])
def test_what_is_not_to_be_tracked_is_not_gathered(hook: Hook, converse6: Converse) -> None:
    talk = converse6()
    if hook == Hook.LOCAL_OUT:
        talk.conntrack.net.add_local(HOSTS.src)
    talk.conntrack.net.l3protos[0x86DD].hooks.register([HookOps(hook, BEFORE_DEFRAG, untracked)])
    for packet in (first(), last()):
        result = talk.send(packet)
        assert (result.verdict, result.state, result.entry) == (Verdict.ACCEPT, "untracked", None)


def test_what_has_a_flow_already_is_not_gathered(converse6: Converse) -> None:
    talk = converse6()
    talk.send(HOSTS.packet(OTHER))
    talk.conntrack.net.l3protos[0x86DD].hooks.register([HookOps(Hook.PRE_ROUTING, BEFORE_DEFRAG, attached)])
    assert talk.send(first()).state == "established"


# Captures that kept only part of each fragment.


def test_fragments_of_a_cut_capture(converse6: Converse) -> None:
    """They make a datagram of the right length all the same."""
    talk = converse6()
    one, two = first(), last()
    talk.send(one[:58], wire_length=len(one))
    result = talk.send(two[:53], wire_length=len(two))
    assert (result.verdict, result.state) == (Verdict.ACCEPT, "new")
    assert talk.flow["original"]["bytes"] == 40 + 48


def test_a_capture_that_has_not_the_fragment_header(converse6: Converse) -> None:
    """As if the packet had been that short."""
    result = converse6().send(first()[:41], wire_length=len(first()))
    assert (result.verdict, result.reasons) == (
        Verdict.DROP,
        ["fragment dropped: the fragment header is not all there"],
    )
