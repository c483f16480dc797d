"""The limits of reassembly (time, memory, distance), its zones and hooks, and captures that were cut."""

from __future__ import annotations

import pytest

from ctcore import Hook, HookOps, Packet, Verdict, Zone
from ctcore.common import IP_CT_UNTRACKED
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4

OTHER = 253  # a protocol for experiments: no plugin has it
BEFORE_DEFRAG = -450
DATA = bytes(range(256)) * 10


def ip(ident: int = 7, src: str = "10.0.1.2") -> IPv4:
    return IPv4(src, "10.0.2.2", ident=ident)


def first(ident: int = 7, src: str = "10.0.1.2", size: int = 24) -> bytes:
    return ip(ident, src).fragment(OTHER, DATA[:size], 0, more=True)


def last(ident: int = 7, src: str = "10.0.1.2") -> bytes:
    return ip(ident, src).fragment(OTHER, DATA[24:48], 24, more=False)


def passes(talk: Conversation, packet: bytes) -> bool:
    verdict = talk.send(packet).verdict
    assert verdict in (Verdict.ACCEPT, Verdict.STOLEN)
    return verdict == Verdict.ACCEPT


@pytest.mark.parametrize(
    ("waits", "whole"), [((29.999,), True), ((30,), False), ((20, 9.999), True), ((20, 10), False)]
)
def test_fragments_wait_for_half_a_minute(waits: tuple[float, ...], whole: bool, converse: Converse) -> None:
    """From the first one that came; the others do not make it longer."""
    talk = converse()
    passes(talk, first())
    for wait in waits[:-1]:
        talk.wait(wait)
        passes(talk, first())
    talk.wait(waits[-1])
    assert passes(talk, last()) == whole


def test_the_time_can_be_set(converse: Converse) -> None:
    for seconds, whole in ((1.5, True), (2, False)):
        talk = converse()
        talk.conntrack.net.sysctl["net.ipv4.ipfrag_time"] = 2
        passes(talk, first())
        talk.wait(seconds)
        assert passes(talk, last()) == whole


def test_names_and_defaults(converse: Converse) -> None:
    sysctl = converse().conntrack.net.sysctl
    found = {name.removeprefix("net.ipv4.ipfrag_"): sysctl[name] for name in sysctl if name.startswith("net.ipv4.")}
    assert found == {"time": 30, "high_thresh": 4194304, "low_thresh": 3145728, "max_dist": 64}


def with_memory_for_one(talk: Conversation) -> Conversation:
    for name in ("net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh"):
        talk.conntrack.net.sysctl[name] = 0
    return talk


def test_without_memory_every_further_fragment_is_dropped(converse: Converse) -> None:
    """Those of a datagram that waits already, too."""
    talk = with_memory_for_one(converse())
    passes(talk, first())
    for packet in (last(), first(8)):
        result = talk.send(packet)
        assert (result.verdict, result.reasons) == (Verdict.STOLEN, ["fragment dropped: no memory for more"])


def test_memory_is_given_back_when_time_is_up(converse: Converse) -> None:
    talk = with_memory_for_one(converse())
    passes(talk, first())
    talk.wait(30)
    assert "waits" in talk.send(first()).reasons[0]


def test_memory_is_given_back_with_the_datagram(converse: Converse) -> None:
    """However fragments end: together, overlapping, too far apart, or as a duplicate."""
    talk = converse()
    fragments = talk.conntrack.net.l3protos[0x0800].plugin.fragments
    overlapping = ip().fragment(OTHER, DATA[:24], 16, more=True)
    talk.conntrack.net.sysctl["net.ipv4.ipfrag_max_dist"] = 2
    for packets in (
        [first(), last()],
        [first(), overlapping],
        [first(), first(), last()],
        [first(), *([first(1, size=8)] * 4), first(), last()],
    ):
        for packet in packets:
            talk.send(packet)
    assert fragments.memory > 0  # that with the identification 1
    talk.wait(30)
    talk.send(first())
    talk.send(last())
    assert fragments.memory == 0


def distance(talk: Conversation, others: int, src: str = "10.0.1.2") -> bool:
    """Whether a datagram becomes whole with so many fragments of other ones between its two."""
    passes(talk, first())
    for number in range(others):
        passes(talk, first(100 + number, src))
    return passes(talk, last())


@pytest.mark.parametrize(("others", "whole"), [(0, True), (63, True), (64, False), (100, False)])
def test_fragments_that_are_far_apart(others: int, whole: bool, converse: Converse) -> None:
    """By then a source may have begun to use the same identifications again."""
    assert distance(converse(), others) == whole


def test_distance_can_be_set(converse: Converse) -> None:
    for limit, others, whole in ((3, 2, True), (3, 3, False), (0, 200, True)):
        talk = converse()
        talk.conntrack.net.sysctl["net.ipv4.ipfrag_max_dist"] = limit
        assert distance(talk, others) == whole


def test_distance_is_that_of_one_source(converse: Converse) -> None:
    assert distance(converse(), 100, "10.0.1.3")


def test_the_fragment_that_is_too_far_begins_anew(converse: Converse) -> None:
    """With all the time that a new datagram has."""
    talk = converse()
    talk.conntrack.net.sysctl["net.ipv4.ipfrag_max_dist"] = 2
    passes(talk, first())
    talk.wait(20)
    for number in (100, 101):
        passes(talk, first(number))
    assert not passes(talk, last())
    talk.wait(29)
    assert passes(talk, first())


# Whose fragments belong together.


@pytest.mark.parametrize(
    "other",
    [ip(ident=8), ip(src="10.0.1.3"), IPv4("10.0.1.2", "10.0.2.3", ident=7), ip().back],
)
def test_of_different_datagrams(other: IPv4, converse: Converse) -> None:
    talk = converse()
    one, two = other.fragment(OTHER, DATA[:24], 0, more=True), other.fragment(OTHER, DATA[24:48], 24, more=False)
    assert [passes(talk, packet) for packet in (first(), two, last(), one)] == [False, False, True, True]


def test_of_different_protocols(converse: Converse) -> None:
    talk = converse()
    passes(talk, first())
    assert not passes(talk, ip().fragment(OTHER + 1, DATA[24:48], 24, more=False))


# Zones and hooks: a queue for each.


def in_zone(talk: Conversation, zone: Zone | None) -> None:
    """Put the packets to come into a zone."""
    net = talk.conntrack.net

    def attach(pkt: Packet) -> int:
        pkt.ct = None if zone is None else net.template(zone)
        return ACCEPT

    net.l3protos[0x0800].hooks.register([HookOps(Hook.PRE_ROUTING, BEFORE_DEFRAG, attach)])


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [(None, Zone(1), False), (Zone(2), Zone(1), False), (Zone(1), Zone(1), True), (None, Zone(1, dir=2), True)],
)
def test_zones_do_not_mix(one: Zone | None, other: Zone, whole: bool, converse: Converse) -> None:
    """A zone of the reply direction alone is none for fragments that no flow has yet."""
    talk = converse()
    in_zone(talk, one)
    passes(talk, first())
    in_zone(talk, other)
    assert passes(talk, last()) == whole


def test_what_is_sent_and_what_comes_do_not_mix(converse: Converse) -> None:
    talk = converse()
    passes(talk, first())
    talk.conntrack.net.add_local("10.0.1.2")
    assert not passes(talk, last())
    assert passes(talk, first())
    assert talk.entry.tuple(0).src == bytes((10, 0, 1, 2))


def untracked(pkt: Packet) -> int:
    pkt.ctinfo = IP_CT_UNTRACKED
    return ACCEPT


@pytest.mark.parametrize("hook", [Hook.PRE_ROUTING, Hook.LOCAL_OUT])
def test_what_is_not_to_be_tracked_is_not_gathered(hook: Hook, converse: Converse) -> None:
    talk = converse()
    if hook == Hook.LOCAL_OUT:
        talk.conntrack.net.add_local("10.0.1.2")
    talk.conntrack.net.l3protos[0x0800].hooks.register([HookOps(hook, BEFORE_DEFRAG, untracked)])
    for packet in (first(), last()):
        result = talk.send(packet)
        assert (result.verdict, result.state, result.entry) == (Verdict.ACCEPT, "untracked", None)


def test_what_the_host_sends_whole_is_not_gathered(converse: Converse) -> None:
    talk = converse()
    talk.conntrack.net.add_local("10.0.1.2")
    assert talk.send(ip().packet(OTHER, b"whole")).state == "new"


# Captures that kept only part of each fragment.


def test_fragments_of_a_cut_capture(converse: Converse) -> None:
    """They make a datagram of the right length all the same."""
    talk = converse()
    one, two = first(), last()
    talk.send(one[:30], wire_length=len(one))
    result = talk.send(two[:25], wire_length=len(two))
    assert (result.verdict, result.state) == (Verdict.ACCEPT, "new")
    assert talk.flow["original"]["bytes"] == 20 + 48


def test_what_is_at_hand_of_them(converse: Converse) -> None:
    """All up to the first byte that is missing."""
    for kept, expected in ((44, 20 + 24 + 5), (30, 20 + 10), (20, 20)):
        talk = converse()
        seen: list[tuple[int, int]] = []

        def look(pkt: Packet, seen: list[tuple[int, int]] = seen) -> int:
            seen.append((pkt.end - pkt.nhoff, pkt.avail - pkt.nhoff))
            return ACCEPT

        talk.conntrack.net.l3protos[0x0800].hooks.register([HookOps(Hook.FORWARD, 0, look)])
        one, two = first(), last()
        talk.send(one[:kept], wire_length=len(one))
        talk.send(two[:25], wire_length=len(two))
        assert seen == [(68, expected)]
