"""Checks of the header, roles, ASSURED, formats, settings."""

from __future__ import annotations

from typing import Any

import pytest

from ctcore import Registry
from ctcore.formats import save, text
from ctcore.netlink import attr, parse
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, payload_of
from ctcore.testing.tunnels import dccp
from ctcore_dccp.header import DCCP

CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back
REQUEST, RESPONSE, DATA, ACK, DATAACK, CLOSEREQ, CLOSE, RESET, SYNC, SYNCACK = range(10)
LARGE = 0x123456789ABC
OPENING = (
    dccp(CLIENT, 5, 6, REQUEST, 1),
    dccp(SERVER, 6, 5, RESPONSE, LARGE, 1),
    dccp(CLIENT, 5, 6, ACK, 2, LARGE),
)


def opened(converse: Converse) -> Conversation:
    talk = converse()
    for packet in OPENING:
        talk.send(packet)
    return talk


def test_assured_once_the_response_is_acknowledged(converse: Converse) -> None:
    talk = opened(converse)
    assert (talk.state, "ASSURED" in talk.status) == ("PARTOPEN", True)
    assert talk.flow["dccp"] == {"role": "client", "handshake_seq": LARGE}


@pytest.mark.parametrize("last", [dccp(CLIENT, 5, 6, ACK, 2, LARGE + 1), dccp(CLIENT, 5, 6, DATAACK, 2, LARGE)])
def test_not_assured_by_anything_else(last: bytes, converse: Converse) -> None:
    talk = converse()
    for packet in (*OPENING[:2], last):
        talk.send(packet)
    assert (talk.state, "ASSURED" in talk.status) == ("PARTOPEN", False)


def test_roles_change_when_the_server_opens_again(converse: Converse) -> None:
    talk = opened(converse)
    talk.send(dccp(SERVER, 6, 5, RESET, 3, 2))
    assert talk.state == "TIMEWAIT"
    talk.send(dccp(SERVER, 6, 5, REQUEST, 9))
    assert (talk.state, talk.flow["dccp"]["role"]) == ("REQUEST", "server")
    talk.send(dccp(CLIENT, 5, 6, RESPONSE, 8, 9))
    assert talk.state == "RESPOND"


def test_a_response_to_an_ignored_request_brings_the_flow_back_in_step(converse: Converse) -> None:
    talk = opened(converse)
    assert talk.send(dccp(CLIENT, 5, 6, REQUEST, 70)).reasons
    talk.send(dccp(SERVER, 6, 5, RESPONSE, 80, 70))
    assert (talk.state, talk.flow["dccp"]["handshake_seq"]) == ("RESPOND", 80)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"offset": 2}, "truncated/malformed packet"),
    ({"offset": 9}, "truncated/malformed packet"),
    ({"coverage": 10}, "bad checksum coverage"),
    ({"check": 1}, "bad checksum"),
    ({"kind": 10, "extended": True}, "reserved packet type"),
    ({"kind": REQUEST, "extended": False}, "type lacks 48bit sequence numbers"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD)
def test_headers_that_are_wrong(fields: dict[str, Any], reason: str, converse: Converse) -> None:
    packet = dccp(CLIENT, 5, 6, **{"kind": REQUEST, "seq": 1, **fields})
    result = converse().send(packet)
    assert (result.state, result.reasons) == ("invalid", [f"nf_ct_proto_33: nf_ct_dccp: {reason}"])


def test_a_checksum_over_a_part(converse: Converse) -> None:
    """Data beyond the coverage may change; what it covers may not."""
    good = dccp(CLIENT, 5, 6, REQUEST, 1, data=b"data" * 3, coverage=5)
    assert converse().send(good[:-1] + b"x").state == "new"
    assert converse().send(good[:-13] + b"x" + good[-12:]).state == "invalid"


def test_short_sequence_numbers(converse: Converse) -> None:
    talk = opened(converse)
    assert talk.send(dccp(CLIENT, 5, 6, DATA, 3, extended=False)).state == "invalid"  # it is not open yet
    talk.send(dccp(SERVER, 6, 5, ACK, 0x123456, 1, extended=False))
    assert talk.send(dccp(CLIENT, 5, 6, DATA, 3, extended=False)).state == "established"


def test_formats(converse: Converse) -> None:
    talk = opened(converse)
    line = text.flow_line(talk.entry, talk.now)
    assert line.startswith("dccp     33 480 PARTOPEN src=10.0.1.2 dst=10.0.2.2 sport=5 dport=6 ")
    ports = "--sport 5 --dport 6 --reply-port-src 6 --reply-port-dst 5"
    assert save.flow_line(talk.entry, talk.now).endswith(f"-p dccp {ports} --state PARTOPEN --role client")


def test_netlink_comes_back(converse: Converse) -> None:
    talk = opened(converse)
    l4, ct = talk.entry.l4, talk.entry
    told = dict(parse(l4.to_nlattr(ct, False)))
    assert told == {2: attr(1, b"\3") + attr(2, b"\0") + attr(3, LARGE.to_bytes(8, "big"))}
    assert dict(parse(l4.to_nlattr(ct, True))) == {2: attr(1, b"\3")}
    l4.from_nlattr(ct, {2: attr(1, b"\4") + attr(2, b"\1") + attr(3, bytes(8))})
    assert (talk.state, talk.flow["dccp"]) == ("OPEN", {"role": "server", "handshake_seq": 0})
    for nest in (b"", attr(1, b"\3"), attr(1, b"\11") + attr(2, b"\0"), attr(1, b"\3") + attr(2, b"\2")):
        l4.from_nlattr(ct, {2: nest})
    assert (talk.state, talk.flow["dccp"]["role"]) == ("OPEN", "server")
    l4.from_nlattr(ct, told)
    assert (talk.state, talk.flow["dccp"]["role"]) == ("PARTOPEN", "client")


def test_names_and_defaults(converse: Converse) -> None:
    sysctl = converse().conntrack.net.sysctl
    prefix = "net.netfilter.nf_conntrack_dccp_"
    assert {name.removeprefix(prefix): sysctl[name] for name in sysctl if name.startswith(prefix)} == {
        "timeout_request": 240,
        "timeout_respond": 480,
        "timeout_partopen": 480,
        "timeout_open": 43200,
        "timeout_closereq": 64,
        "timeout_closing": 64,
        "timeout_timewait": 240,
        "loose": 1,
    }


def test_it_is_marked_as_history() -> None:
    registry = Registry.load(strict=True)
    (info,) = (info for info in registry.loaded("l4proto") if info.name == "dccp")
    assert info.history == "Linux 2.6.26 to 6.16"
    assert "dccp" not in {info.name for info in registry.today().loaded("l4proto")}
    assert len(registry.today().plugins) == len(registry.plugins) - 1


def test_the_header_of_a_packet() -> None:
    parsed = DCCP.parse(payload_of(OPENING[1]))
    assert (parsed.source, parsed.dest, parsed.doff, parsed.type, parsed.x) == (6, 5, 6, RESPONSE, True)
