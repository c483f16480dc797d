"""Tunnels and calls: keys, the key map, timeouts, formats."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from ctcore import Conn
from ctcore.formats import proc, save, text, xml
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, payload_of
from ctcore.testing.tunnels import GRE, PPP, gre, pptp_gre
from ctcore_gre import Gre, KeyMap
from ctcore_gre import header as headers

CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back


def plain(ip: IPv4, **fields: int) -> bytes:
    return ip.packet(GRE, gre(b"data", **fields))


def call(ip: IPv4, call_id: int, data: bytes = b"data") -> bytes:
    return ip.packet(GRE, pptp_gre(call_id, data))


def keys(talk: Conversation) -> tuple[str, str]:
    flow = talk.flow["original"]
    return flow["srckey"], flow["dstkey"]


def test_a_life(converse: Converse) -> None:
    """Short while nobody answered, long and ASSURED from the first packet after an answer on."""
    talk = converse()
    seen = []
    for packet in (plain(CLIENT), plain(SERVER), plain(CLIENT)):
        result = talk.send(packet)
        seen.append((result.state, talk.timeout, "ASSURED" in talk.status, [event["type"] for event in result.events]))
    assert seen == [
        ("new", 30, False, ["NEW"]),
        ("established", 30, False, ["UPDATE"]),
        ("established", 180, True, ["UPDATE"]),
    ]


def test_a_flow_keeps_the_timeouts_of_its_beginning(converse: Converse) -> None:
    talk = converse(nf_conntrack_gre_timeout=7, nf_conntrack_gre_timeout_stream=77)
    talk.send(plain(CLIENT))
    talk.conntrack.net.sysctl["nf_conntrack_gre_timeout_stream"] = 99
    assert talk.timeout == 7
    for _ in range(2):
        talk.send(plain(SERVER))
    assert talk.timeout == 77


@pytest.mark.parametrize(
    "packet",
    [
        plain(CLIENT, protocol=PPP),
        plain(CLIENT, flags=0x3000),
        plain(CLIENT, version=2, protocol=PPP),
        CLIENT.packet(GRE, b""),
        CLIENT.packet(GRE, b"\0\0\0"),
        CLIENT.packet(GRE, gre(b"abc", version=1, protocol=0x800)),  # too short to bear a call id
    ],
)
def test_what_is_one_tunnel(packet: bytes, converse: Converse) -> None:
    talk = converse()
    talk.send(plain(SERVER))
    assert talk.send(packet).direction == "reply"
    assert keys(talk) == ("0x0", "0x0")


def test_pptp_carries_ppp_alone(converse: Converse) -> None:
    result = converse().send(plain(CLIENT, version=1))
    assert (result.state, result.entry) == ("invalid", None)
    assert result.reasons


def test_calls_that_nobody_announced_have_one_key(converse: Converse) -> None:
    talk = converse()
    talk.send(call(CLIENT, 7))
    assert keys(talk) == ("0x0", "0x7")
    assert talk.send(call(SERVER, 9)).state == "new"  # so each direction is a flow of its own
    assert talk.send(call(CLIENT, 8)).state == "new"
    assert len(talk.entries) == 3


def keymap_of(talk: Conversation) -> KeyMap:
    plugin: Gre = talk.conntrack.net.l4protos[47].plugin
    return plugin.keymap


def test_the_key_map_makes_one_flow_of_both_directions(converse: Converse) -> None:
    talk = converse()
    talk.send(CLIENT.udp(1, 2))
    master = talk.entry
    keymap = keymap_of(talk)
    assert keymap.add(master, 0, CLIENT.addresses, b"\0\x6f", b"\0\xde")
    assert keymap.add(master, 1, SERVER.addresses, b"\0\xde", b"\0\x6f")
    talk.send(call(CLIENT, 0xDE))
    assert keys(talk) == ("0x6f", "0xde")
    assert talk.send(call(SERVER, 0x6F)).direction == "reply"


@pytest.fixture
def masters(converse: Converse) -> tuple[Conn, Conn]:
    talk = converse()
    talk.send(CLIENT.udp(1, 2))
    first = talk.entry
    talk.send(CLIENT.udp(2, 2))
    return first, talk.entry


def test_a_direction_has_one_call(masters: tuple[Conn, Conn]) -> None:
    keymap = KeyMap()
    one, other = masters
    assert keymap.add(one, 0, b"ab", b"\0\1", b"\0\2")
    assert keymap.add(one, 0, b"ab", b"\0\3", b"\0\2")  # the same place again: what was there remains
    assert keymap.find(b"ab", b"\0\2") == b"\0\1"
    assert not keymap.add(one, 0, b"ab", b"\0\1", b"\0\4")
    assert not keymap.add(one, 0, b"ba", b"\0\1", b"\0\2")
    assert keymap.add(other, 0, b"ab", b"\0\5", b"\0\2")
    assert keymap.find(b"ab", b"\0\2") == b"\0\1"  # the earliest
    keymap.remove(one)
    assert keymap.find(b"ab", b"\0\2") == b"\0\5"
    keymap.remove(other)
    keymap.remove(other)
    assert keymap.find(b"ab", b"\0\2") == b"\0\0"


def test_an_icmp_error_about_a_call_is_related(converse: Converse) -> None:
    """The quoted packet's own addresses find its key, not those of the message."""
    talk = converse()
    talk.send(CLIENT.udp(1, 2))
    keymap_of(talk).add(talk.entry, 0, CLIENT.addresses, b"\0\x6f", b"\0\xde")
    talk.send(call(CLIENT, 0xDE))
    flow = talk.entry
    result = talk.send(IPv4("10.0.9.9", "10.0.1.2").icmp_error(3, 1, call(CLIENT, 0xDE)))
    assert (result.state, result.entry) == ("related", flow)


def test_formats(converse: Converse) -> None:
    talk = converse()
    talk.send(call(CLIENT, 0xDE))
    tuples = "src=10.0.1.2 dst=10.0.2.2 srckey=0x0 dstkey=0xde packets=1 bytes=32 [UNREPLIED] "
    answer = "src=10.0.2.2 dst=10.0.1.2 srckey=0xde dstkey=0x0 packets=0 bytes=0 mark=0 "
    assert text.flow_line(talk.entry, talk.now) == f"gre      47 30 {tuples}{answer}use=1"
    private = "timeout=30, stream_timeout=180"
    assert proc.flow_line(talk.entry, talk.now) == f"ipv4     2 gre      47 30 {private} {tuples}{answer}zone=0 use=2"
    assert "<srckey>0x0</srckey><dstkey>0xde</dstkey>" in xml.flow_line(talk.entry, talk.now)
    options = "-p gre --srckey 0 --dstkey 222 --reply-key-src 222 --reply-key-dst 0"
    assert save.flow_line(talk.entry, talk.now).endswith(options)
    assert talk.flow["gre"] == {"timeout": 30, "stream_timeout": 180}


@pytest.mark.parametrize("attrs", [{}, {2: b"ab"}, {2: b"a", 3: b"abc"}])
def test_keys_that_are_missing(attrs: Mapping[int, bytes]) -> None:
    assert Gre().nlattr_to_tuple(attrs) is None


def test_the_header_of_a_call() -> None:
    parsed = headers.ENHANCED.parse(payload_of(call(CLIENT, 0xDE)))
    assert (parsed.version, parsed.protocol, parsed.payload_len, parsed.call_id) == (1, PPP, 4, 0xDE)
