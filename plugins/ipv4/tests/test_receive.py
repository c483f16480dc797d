"""The receive path and routing: what is gone before conntrack sees it, and what goes where after it."""

from __future__ import annotations

from struct import pack_into

import pytest

from ctcore import Hook, HookOps, Packet, Result, Verdict
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, checksum
from ctcore_ipv4.header import IPV4

OTHER = 253  # a protocol for experiments: no plugin has it
HOSTS = IPv4("10.0.1.2", "10.0.2.2")
GOOD = HOSTS.packet(OTHER, b"payload")

read_all = IPV4.reader()


def test_the_header_of_a_real_packet() -> None:
    parsed = IPV4.parse(
        IPv4("1.2.3.4", "5.6.7.8", ttl=9, tos=3, ident=77, df=True).packet(OTHER, b"abc", fragment=0x2005)
    )
    assert (parsed.version, parsed.ihl, parsed.tos, parsed.tot_len, parsed.id) == (4, 20, 3, 23, 77)
    assert (parsed.df, parsed.mf, parsed.offset, parsed.ttl, parsed.protocol) == (1, 1, 40, 9, OTHER)
    assert (parsed.saddr, parsed.daddr) == (b"\1\2\3\4", b"\5\6\7\x08")


def changed(at: int, value: int, packet: bytes = GOOD, fix: bool = True) -> bytes:
    """A packet with a byte of its header changed, and the checksum made right again."""
    new = bytearray(packet)
    new[at] = value
    if fix:
        size = max((new[0] & 15) * 4, 20)
        pack_into(">H", new, 10, 0)
        pack_into(">H", new, 10, checksum(new[:size]))
    return bytes(new)


GONE = [
    (b"", "not all there"),
    (GOOD[:1], "not all there"),
    (GOOD[:19], "not all there"),
    (changed(0, 0x65), "cannot begin with 0x65"),
    (changed(0, 0x44), "cannot begin with 0x44"),
    (changed(0, 0x4F), "not all there"),
    (changed(8, 9, fix=False), "bad IPv4 header checksum"),
    (GOOD[:-1], "truncated: 27 bytes by the header, 26 there"),
    (GOOD[:20], "truncated: 27 bytes by the header, 20 there"),
    (changed(3, 19), "total length 19 is less than the header's 20"),
    (changed(3, 0), "total length 0 is less than the header's 20"),
]


@pytest.mark.parametrize(("packet", "reason"), GONE, ids=[reason for _, reason in GONE])
def test_gone_before_any_hook(packet: bytes, reason: str, converse: Converse) -> None:
    talk = converse()
    result = talk.conntrack.feed(packet, talk.now, ethertype=0x0800)
    assert (result.verdict, result.state, result.ctinfo, result.entry) == (Verdict.DROP, "none", None, None)
    assert reason in result.reasons[0]
    assert all(count == 0 for _, count in talk.conntrack.net.stat.items())


def test_a_packet_of_nothing_but_a_header(converse: Converse) -> None:
    assert converse().send(HOSTS.packet(OTHER)).state == "new"


def test_what_follows_the_packet_is_no_part_of_it(converse: Converse) -> None:
    talk = converse()
    talk.send(GOOD + b"padding of the link layer")
    assert talk.flow["original"]["bytes"] == len(GOOD)


def test_a_capture_may_have_cut_the_packet(converse: Converse) -> None:
    talk = converse()
    assert talk.send(GOOD[:20], wire_length=len(GOOD)).state == "new"
    assert talk.flow["original"]["bytes"] == len(GOOD)
    assert talk.send(GOOD[:19], wire_length=len(GOOD)).state == "none"


def test_the_host_itself_sends_what_it_likes(converse: Converse) -> None:
    """Its checksums are finished by the hardware, after the capture."""
    talk = converse()
    talk.conntrack.net.add_local("10.0.1.2")
    assert talk.send(changed(10, GOOD[10] ^ 1, fix=False)).state == "new"
    back = HOSTS.back.packet(OTHER)
    assert talk.send(changed(10, back[10] ^ 1, back, fix=False)).state == "none"


# Routing. Where a packet goes in after PRE_ROUTING is told by hook functions of the test's own.


def hooks_passed(talk: Conversation, packet: bytes) -> tuple[Result, list[Hook]]:
    passed: list[Hook] = []

    def watch(pkt: Packet) -> int:
        passed.append(Hook(pkt.hook))
        return ACCEPT

    ops = [HookOps(hook, 0, watch) for hook in Hook]
    hooks = talk.conntrack.net.l3protos[0x0800].hooks
    hooks.register(ops)
    try:
        return talk.send(packet), passed
    finally:
        hooks.unregister(ops)


THROUGH = [Hook.PRE_ROUTING, Hook.FORWARD, Hook.POST_ROUTING]
INWARDS = [Hook.PRE_ROUTING, Hook.LOCAL_IN]


def between(src: str, dst: str, ttl: int = 64) -> bytes:
    return IPv4(src, dst, ttl=ttl).packet(OTHER)


# A packet, the hooks that it passes, and why it goes no further.
ROUTES = [
    (between("10.0.1.2", "10.0.2.2"), THROUGH, ""),
    (between("10.0.1.2", "10.0.2.2", ttl=2), THROUGH, ""),
    (between("240.0.0.1", "240.0.0.2"), THROUGH, ""),
    (between("0.0.0.1", "0.0.0.2"), THROUGH, ""),
    (between("10.0.1.2", "10.0.1.2"), THROUGH, ""),
    (between("10.0.1.2", "223.255.255.255"), THROUGH, ""),
    (between("10.0.1.2", "224.0.0.0"), INWARDS, ""),
    (between("10.0.1.2", "239.255.255.255", ttl=1), INWARDS, ""),
    (between("10.0.1.2", "255.255.255.255"), INWARDS, ""),
    (between("0.0.0.0", "255.255.255.255"), INWARDS, ""),
    (between("0.0.0.0", "0.0.0.0"), INWARDS, ""),
    (between("10.0.1.2", "10.0.2.2", ttl=1), [Hook.PRE_ROUTING], "time to live exceeded in transit"),
    (between("10.0.1.2", "10.0.2.2", ttl=0), [Hook.PRE_ROUTING], "time to live exceeded in transit"),
    (between("0.0.0.0", "10.0.2.2"), [Hook.PRE_ROUTING], "martian source"),
    (between("10.0.1.2", "0.0.0.0"), [Hook.PRE_ROUTING], "martian destination"),
    (between("224.0.0.1", "10.0.2.2"), [Hook.PRE_ROUTING], "martian source"),
    (between("239.1.1.1", "224.0.0.1"), [Hook.PRE_ROUTING], "martian source"),
    (between("255.255.255.255", "0.0.0.0"), [Hook.PRE_ROUTING], "martian source"),
]


@pytest.mark.parametrize(("packet", "hooks", "reason"), ROUTES)
def test_routes(packet: bytes, hooks: list[Hook], reason: str, converse: Converse) -> None:
    """A packet that goes nowhere leaves no flow, though conntrack has seen it."""
    talk = converse()
    result, passed = hooks_passed(talk, packet)
    assert (result.state, passed) == ("new", hooks)
    if reason:
        assert result.reasons[0].startswith(reason)
        assert (result.verdict, talk.entries, talk.conntrack.net.table.count) == (Verdict.DROP, [], 0)
    else:
        assert (result.verdict, result.reasons, len(talk.entries)) == (Verdict.ACCEPT, [], 1)


def test_the_hosts_own_addresses(converse: Converse) -> None:
    talk = converse()
    talk.conntrack.net.add_local("10.0.2.0/24")
    assert hooks_passed(talk, between("10.0.1.2", "10.0.2.2", ttl=1))[1] == INWARDS
    assert hooks_passed(talk, between("10.0.1.2", "10.0.3.2"))[1] == THROUGH
    assert hooks_passed(talk, between("10.0.2.2", "10.0.1.2"))[1] == [Hook.LOCAL_OUT, Hook.POST_ROUTING]
    result, passed = hooks_passed(talk, between("10.0.2.2", "10.0.2.3"))
    assert passed == [Hook.LOCAL_OUT, Hook.POST_ROUTING, *INWARDS]
    assert (result.state, talk.packets) == ("new", (1, 0))


def option(kind: int, *rest: int, length: int | None = None) -> bytes:
    return bytes((kind, 2 + len(rest) if length is None else length, *rest))


RECORD_ROUTE, TIMESTAMP, LOOSE, STRICT, ALERT = 7, 68, 131, 137, 148

FORWARDED = [
    b"",
    b"\x01" * 40,
    b"\x00" * 4,
    b"\x00" + option(99, length=200),  # nothing counts after the end
    option(99, 1, 2),
    option(99) + option(99),
    option(RECORD_ROUTE, 4, *bytes(4)),
    option(RECORD_ROUTE, 8, *bytes(4)),  # full
    option(RECORD_ROUTE, 4, *bytes(36)),
    option(TIMESTAMP, 5, 0, *bytes(4)),
    option(TIMESTAMP, 9, 0, *bytes(4)),  # full
    option(TIMESTAMP, 5, 1, *bytes(8)),
    option(TIMESTAMP, 5, 3, *bytes(8)),
    option(TIMESTAMP, 13, 0xF3, *bytes(8)),
    option(ALERT, 0, 0),
    option(RECORD_ROUTE, 4, *bytes(4)) + option(TIMESTAMP, 5, 0, *bytes(4)),
]
NOT_FORWARDED = [
    option(99, length=0),
    option(99, length=1),
    option(99, length=5),
    b"\x01\x01\x01\x63",  # no room for its length
    option(LOOSE, 4, *bytes(4)),
    option(STRICT, 4, *bytes(4)),
    option(RECORD_ROUTE, 4, *bytes(4)) * 2,
    option(RECORD_ROUTE),
    option(RECORD_ROUTE, 3, *bytes(4)),
    option(RECORD_ROUTE, 5, *bytes(4)),  # no room for an address
    option(TIMESTAMP, 5, 0, *bytes(4)) * 2,
    option(TIMESTAMP, 5),
    option(TIMESTAMP, 4, 0, *bytes(4)),
    option(TIMESTAMP, 6, 0, *bytes(4)),
    option(TIMESTAMP, 5, 1, *bytes(4)),  # no room for an address and a time
    option(TIMESTAMP, 9, 0xF0, *bytes(4)),  # full, and no room to count what is left out
    option(ALERT, 0),
]


@pytest.mark.parametrize("options", FORWARDED, ids=bytes.hex)
def test_options_that_are_forwarded(options: bytes, converse: Converse) -> None:
    talk = converse()
    assert talk.send(IPv4("10.0.1.2", "10.0.2.2", options=options).packet(OTHER)).verdict == Verdict.ACCEPT
    assert len(talk.entries) == 1


@pytest.mark.parametrize("options", NOT_FORWARDED, ids=bytes.hex)
def test_options_that_are_not(options: bytes, converse: Converse) -> None:
    talk = converse()
    result = talk.send(IPv4("10.0.1.2", "10.0.2.2", options=options).packet(OTHER))
    assert (result.verdict, result.state, talk.entries) == (Verdict.DROP, "new", [])
    assert len(result.reasons) == 1
