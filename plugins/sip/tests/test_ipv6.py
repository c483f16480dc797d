"""SIP over IPv6: URIs have brackets around an address, session descriptions have none."""

from __future__ import annotations

import socket
from typing import Final

import pytest

from ctcore import Registry
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.engine import Engine
from plugins.sip.tests.phones import kinds, message

pytestmark = pytest.mark.plugins("ipv6", "udp", "tcp", "sip")

CALLER: Final = "2001:db8:1::2"
CALLEE: Final = "2001:db8:2::2"
CONTACT: Final = f"Contact: <sip:a@[{CALLER}]:5062>"


@pytest.fixture
def phones(registry: Registry) -> Engine:
    return Engine(registry, helpers=["sip"])


def expected(phones: Engine) -> list[tuple[str, str, int]]:
    """Source, destination and port of what is expected."""
    tuples = [exp.tuple for exp in phones.net.expectations]
    spell = socket.inet_ntop
    found = [(spell(socket.AF_INET6, t.src), spell(socket.AF_INET6, t.dst), t.dst_u) for t in tuples]
    return sorted((source, destination, int.from_bytes(port, "big")) for source, destination, port in found)


def sdp(host: str, port: int) -> bytes:
    lines = ("v=0", f"o=- 1 1 IN IP6 {host}", "s=-", f"c=IN IP6 {host}", "t=0 0", f"m=audio {port} RTP/AVP 0")
    return "".join(f"{line}\r\n" for line in lines).encode()


def invite(body: bytes) -> bytes:
    return message(f"INVITE sip:b@[{CALLEE}] SIP/2.0", "1 INVITE", body)


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_a_call(phones: Engine, kind: str) -> None:
    flow = phones.udp_flow(5060, HOSTS) if kind == "udp" else phones.tcp_flow(5060, HOSTS)
    offer = flow.send(invite(sdp(CALLER, 5004)))
    assert kinds(offer).count("EXP_NEW") == 2
    assert expected(phones) == [(CALLEE, CALLER, 5004), (CALLEE, CALLER, 5005)]
    flow.reply(message("SIP/2.0 200 OK", "1 INVITE", sdp(CALLEE, 6000)))
    assert expected(phones)[:2] == [(CALLER, CALLEE, 6000), (CALLER, CALLEE, 6001)]
    voice = phones.send(HOSTS.back.udp(6000, 5004, b"voice"))
    assert voice.state == "related"
    assert voice.entry is not None
    assert voice.entry.master is offer.entry
    assert phones.send(HOSTS.udp(5005, 6001, b"report")).state == "related"


def test_brackets_in_a_session_description_are_no_address(phones: Engine) -> None:
    phones.udp_flow(5060, HOSTS).send(invite(sdp(f"[{CALLER}]", 5004)))
    assert expected(phones) == []


def test_a_registration(phones: Engine) -> None:
    flow = phones.udp_flow(5060, HOSTS)
    flow.send(message(f"REGISTER sip:b@[{CALLEE}] SIP/2.0", "1 REGISTER", b"", CONTACT, "Expires: 600"))
    assert expected(phones) == [(CALLEE, CALLER, 5062)]
    assert phones.send(HOSTS.back.udp(5071, 5062, b"x")).state == "new", "the registrar has not agreed"
    flow.reply(message("SIP/2.0 200 OK", "1 REGISTER", b"", f"{CONTACT};expires=400"))
    assert phones.send(HOSTS.back.udp(5072, 5062, b"x")).state == "related"
