"""The receive path and routing: what is gone before conntrack sees it, and what goes where after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Hook, HookOps, Packet, Result, Verdict
from ctcore.headers import Header
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import FRAGMENT as FRAGMENT_NUMBER
from ctcore.testing.packets import HOP_BY_HOP, IPv6, extension
from ctcore_ipv6.header import FRAGMENT, IPV6

OTHER = 253  # a protocol for experiments: no plugin has it
GOOD = HOSTS.packet(OTHER, b"payload")
GLOBAL, PEER = HOSTS.src, HOSTS.dst


@pytest.mark.parametrize("declared", [IPV6, FRAGMENT], ids=["header", "fragment header"])
@given(st.binary(min_size=40, max_size=40), st.binary(max_size=7), st.binary(max_size=7))
def test_the_fast_reader_reads_what_construct_parses(
    declared: Header, header: bytes, before: bytes, after: bytes
) -> None:
    header = header[: declared.size]
    parsed = declared.parse(header)
    values = dict(zip(declared.fields, declared.reader()(before + header + after, len(before)), strict=True))
    assert values == {name: parsed[name] for name in declared.fields}
    assert declared.build(**values) == header


def test_the_headers_of_a_real_packet() -> None:
    ip = IPv6("2001:db8::1", "2001:db8::2", hop_limit=9, traffic_class=0xAB, flow_label=0x12345, ident=77)
    packet = ip.fragment(OTHER, b"abcdefgh", 80, more=True)
    parsed = IPV6.parse(packet[:40])
    assert (parsed.version, parsed.traffic_class, parsed.flow_label) == (6, 0xAB, 0x12345)
    assert (parsed.payload_len, parsed.nexthdr, parsed.hop_limit) == (16, FRAGMENT_NUMBER, 9)
    assert (parsed.saddr[-1], parsed.daddr[-1]) == (1, 2)
    part = FRAGMENT.parse(packet[40:48])
    assert (part.nexthdr, part.offset, part.more, part.identification) == (OTHER, 80, 1, 77)


def between(src: str, dst: str, hop_limit: int = 64) -> bytes:
    return IPv6(src, dst, hop_limit=hop_limit).packet(OTHER)


def changed(at: int, value: int) -> bytes:
    return GOOD[:at] + bytes((value,)) + GOOD[at + 1 :]


GONE = [
    (b"", "not all there"),
    (GOOD[:39], "not all there"),
    (changed(0, 0x45), "cannot begin with 0x45"),
    (changed(0, 0x70), "cannot begin with 0x70"),
    (GOOD[:-1], "truncated: 7 bytes by the header, 6 there"),
    (GOOD[:40], "truncated: 7 bytes by the header, 0 there"),
    (between("::1", PEER), "the loopback address on a wire"),
    (between(GLOBAL, "::1"), "the loopback address on a wire"),
    (between("ff02::1", PEER), "martian source: a multicast address"),
    (between("ff0e::1", "ff02::1"), "martian source: a multicast address"),
    (between(GLOBAL, "ff00::1"), "no scope beyond the interface"),
    (between(GLOBAL, "ff01::1"), "no scope beyond the interface"),
    (between(GLOBAL, "ff11::1"), "no scope beyond the interface"),
]


@pytest.mark.parametrize(("packet", "reason"), GONE)
def test_gone_before_any_hook(packet: bytes, reason: str, converse6: Converse) -> None:
    talk = converse6()
    result = talk.conntrack.feed(packet, talk.now, ethertype=0x86DD)
    assert (result.verdict, result.state, result.ctinfo, result.entry) == (Verdict.DROP, "none", None, None)
    assert reason in result.reasons[0]
    assert all(count == 0 for _, count in talk.conntrack.net.stat.items())


def test_a_packet_of_nothing_but_a_header(converse6: Converse) -> None:
    assert converse6().send(HOSTS.packet(OTHER)).state == "new"


def test_what_follows_the_packet_is_no_part_of_it(converse6: Converse) -> None:
    talk = converse6()
    talk.send(GOOD + b"padding of the link layer")
    assert talk.flow["original"]["bytes"] == len(GOOD)


def test_a_capture_may_have_cut_the_packet(converse6: Converse) -> None:
    talk = converse6()
    assert talk.send(GOOD[:40], wire_length=len(GOOD)).state == "new"
    assert talk.flow["original"]["bytes"] == len(GOOD)
    assert talk.send(GOOD[:39], wire_length=len(GOOD)).state == "none"


# Hop-by-hop options: they are looked at before any hook, for every router has to.


def with_options(options: bytes, length: int | None = None) -> bytes:
    ip = IPv6(GLOBAL, PEER, extensions=(extension(HOP_BY_HOP, options),))
    return ip.packet(OTHER, b"payload", length=length)


def option(kind: int, data: bytes = b"") -> bytes:
    return bytes((kind, len(data))) + data


PAD1, ALERT, CALIPSO, JUMBO = b"\0", 5, 7, 0xC2
TAKEN = [
    b"",
    PAD1 * 6,
    option(1, bytes(4)),
    option(ALERT, bytes(2)) + PAD1 * 2,
    option(30) + PAD1 * 4,  # unknown, to be skipped: the first two bits of its number are 0
    option(62, b"ab") + PAD1 * 2,
    option(30) * 8 + PAD1 * 6,
    PAD1 * 7 + option(30) + PAD1 * 5,
    option(1, bytes(5)) + option(30) + option(1, bytes(3)),
]
NOT_TAKEN = [
    (PAD1 * 7 + PAD1, "more than 7 bytes of padding"),
    (option(1, bytes(6)), "more than 7 bytes of padding"),
    (option(30) + PAD1 + option(1, bytes(5)), "more than 7 bytes of padding"),
    (option(1, b"\0\0\1\0"), "padding of IPv6 options is not zero"),
    (b"\1\5" + bytes(4), "IPv6 option 1 is longer than its header"),
    (b"\x1e\xff" + bytes(4), "IPv6 option 30 is longer than its header"),
    (PAD1 * 5 + b"\x1e", "IPv6 option 30 is longer than its header"),
    (option(30) * 9 + PAD1 * 4, "more than 8 IPv6 options"),
    *((option(kind, b"ab") + PAD1 * 2, f"IPv6 option {kind} is unknown") for kind in (0x5E, 0x9E, 0xDE, 0xC9)),
    (option(ALERT, b"a") + PAD1 * 3, "IPv6 option 5 is malformed"),
    (option(ALERT, b"abc") + PAD1, "IPv6 option 5 is malformed"),
    (option(CALIPSO, bytes(8)) + PAD1 * 4, "no domain of interpretation"),
    (option(JUMBO, b"\0\1\0\0"), "a jumbo payload length is told where none is needed"),
    (option(JUMBO, b"abc") + PAD1, "IPv6 option 194 is malformed"),
    (PAD1 + option(JUMBO, b"\0\1\0\0"), "IPv6 option 194 is malformed"),
]


@pytest.mark.parametrize("options", TAKEN, ids=bytes.hex)
def test_options_that_are_taken(options: bytes, converse6: Converse) -> None:
    talk = converse6()
    result = talk.send(with_options(options))
    assert (result.verdict, result.state, result.reasons) == (Verdict.ACCEPT, "new", [])


@pytest.mark.parametrize(("options", "reason"), NOT_TAKEN, ids=[options.hex() for options, _ in NOT_TAKEN])
def test_options_that_are_not(options: bytes, reason: str, converse6: Converse) -> None:
    talk = converse6()
    result = talk.send(with_options(options))
    assert (result.verdict, result.state, talk.entries) == (Verdict.DROP, "none", [])
    assert reason in result.reasons[0]


def test_no_router_looks_at_options_elsewhere(converse6: Converse) -> None:
    wrong = extension(60, option(0xC9, b"ab"))
    assert converse6().send(IPv6(GLOBAL, PEER, extensions=(wrong,)).packet(OTHER)).state == "new"


@pytest.mark.parametrize("rest", [b"", b"\0", bytes((OTHER, 1)) + bytes(6), bytes((OTHER, 0)) + bytes(4)])
def test_options_that_are_not_all_there(rest: bytes, converse6: Converse) -> None:
    result = converse6().send(HOSTS.packet(HOP_BY_HOP, rest))
    assert (result.verdict, result.reasons) == (Verdict.DROP, ["the hop-by-hop options are not all there"])


def test_options_that_a_capture_has_cut(converse6: Converse) -> None:
    """Nobody can tell whether they were good ones."""
    packet = with_options(option(0xC9, b"ab"))
    result = converse6().send(packet[:42], wire_length=len(packet))
    assert (result.verdict, result.state) == (Verdict.ACCEPT, "new")


def test_a_length_of_zero(converse6: Converse) -> None:
    """With hop-by-hop options it stands for all that came, for there the length may be told; else for nothing."""
    talk = converse6()
    talk.send(with_options(b"", length=0))
    assert talk.flow["original"]["bytes"] == 40 + 8 + 7
    talk.send(HOSTS.packet(OTHER + 1, b"payload", length=0))
    assert talk.flow["original"]["bytes"] == 40


@pytest.mark.parametrize(("size", "reason"), [(0xFFFF, "where none is needed"), (0x10000, "truncated: a jumbogram")])
def test_a_jumbogram(size: int, reason: str, converse6: Converse) -> None:
    result = converse6().send(with_options(option(JUMBO, size.to_bytes(4, "big")), length=0))
    assert (result.verdict, result.state) == (Verdict.DROP, "none")
    assert reason in result.reasons[0]


# Routing. Where a packet goes in after PRE_ROUTING is told by hook functions of the test's own.


def hooks_passed(talk: Conversation, packet: bytes) -> tuple[Result, list[Hook]]:
    passed: list[Hook] = []

    def watch(pkt: Packet) -> int:
        passed.append(Hook(pkt.hook))
        return ACCEPT

    ops = [HookOps(hook, 0, watch) for hook in Hook]
    hooks = talk.conntrack.net.l3protos[0x86DD].hooks
    hooks.register(ops)
    try:
        return talk.send(packet), passed
    finally:
        hooks.unregister(ops)


THROUGH = [Hook.PRE_ROUTING, Hook.FORWARD, Hook.POST_ROUTING]
INWARDS = [Hook.PRE_ROUTING, Hook.LOCAL_IN]
NOWHERE = [Hook.PRE_ROUTING]

# A packet, the hooks that it passes, and why it goes no further.
ROUTES = [
    (between(GLOBAL, PEER), THROUGH, ""),
    (between(GLOBAL, PEER, 2), THROUGH, ""),
    (between(GLOBAL, GLOBAL), THROUGH, ""),
    (between("fd00::1", "fec0::1"), THROUGH, ""),
    (between("::2", "::"), THROUGH, ""),
    (between(GLOBAL, "ff02::1", 1), INWARDS, ""),
    (between("::", "ff02::16", 1), INWARDS, ""),
    (between(GLOBAL, "fe80::1", 0), INWARDS, ""),
    (between("fe80::1", "febf::2", 255), INWARDS, ""),
    (between("::1", "::1", 1), INWARDS, ""),
    (between(GLOBAL, PEER, 1), NOWHERE, "hop limit exceeded in transit"),
    (between(GLOBAL, PEER, 0), NOWHERE, "hop limit exceeded in transit"),
    (between("::", PEER), NOWHERE, "no router forwards from the address ::"),
    (between("fe80::1", PEER), NOWHERE, "beyond scope of source address"),
    (between("febf::1", "::"), NOWHERE, "beyond scope of source address"),
]


@pytest.mark.parametrize(("packet", "hooks", "reason"), ROUTES)
def test_routes(packet: bytes, hooks: list[Hook], reason: str, converse6: Converse) -> None:
    """A packet that goes nowhere leaves no flow, though conntrack has seen it."""
    talk = converse6()
    result, passed = hooks_passed(talk, packet)
    assert (result.state, passed) == ("new", hooks)
    if reason:
        assert result.reasons == [reason]
        assert (result.verdict, talk.entries, talk.conntrack.net.table.count) == (Verdict.DROP, [], 0)
    else:
        assert (result.verdict, result.reasons, len(talk.entries)) == (Verdict.ACCEPT, [], 1)


def test_the_hosts_own_addresses(converse6: Converse) -> None:
    talk = converse6()
    talk.conntrack.net.add_local("2001:db8:2::/48")
    assert hooks_passed(talk, between(GLOBAL, PEER, 1))[1] == INWARDS
    assert hooks_passed(talk, between("fe80::1", PEER))[1] == INWARDS
    assert hooks_passed(talk, between(GLOBAL, "2001:db8:3::2"))[1] == THROUGH
    assert hooks_passed(talk, between(PEER, GLOBAL))[1] == [Hook.LOCAL_OUT, Hook.POST_ROUTING]
    result, passed = hooks_passed(talk, between(PEER, "2001:db8:2::3"))
    assert passed == [Hook.LOCAL_OUT, Hook.POST_ROUTING, *INWARDS]
    assert (result.state, talk.packets) == ("new", (1, 0))


def test_the_host_itself_sends_what_it_likes(converse6: Converse) -> None:
    """Options and odd addresses are for its neighbours to judge."""
    talk = converse6()
    talk.conntrack.net.add_local(GLOBAL)
    assert talk.send(with_options(option(0xC9, b"ab"))).state == "new"
    assert talk.send(between(GLOBAL, "ff01::1")).state == "new"
