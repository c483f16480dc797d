"""Registrations: a phone may be called where it says, once its registrar agrees, for as long as that says."""

from __future__ import annotations

import pytest

from ctcore import ExtId, Registry, Status, Verdict
from ctcore.testing.flows import HOSTS, UdpFlow
from plugins.sip.tests.phones import Phones, answer, kinds, reasons, request

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "sip")

CONTACT = "Contact: <sip:a@10.0.1.2:5062>"
WAITING = ["signalling udp 10.0.2.2 > 10.0.1.2:5062 permanent inactive"]
OPEN = ["signalling udp 10.0.2.2 > 10.0.1.2:5062 permanent"]


@pytest.fixture
def phones(registry: Registry) -> Phones:
    return Phones(registry)


def register(*headers: str, number: int = 1) -> bytes:
    return request("REGISTER", number, b"", *(headers or (CONTACT, "Expires: 600")))


def agree(*headers: str, number: int = 1, code: int = 200) -> bytes:
    return answer(code, "REGISTER", number, b"", *(headers or (f"{CONTACT};expires=400",)))


def test_a_phone_that_registers_may_be_called(phones: Phones) -> None:
    asked = phones.udp.send(register())
    assert (kinds(asked), phones.expected, phones.seconds) == (["EXP_NEW", "NEW"], WAITING, {180})
    call = HOSTS.back.udp(5061, 5062, request("INVITE"))
    assert phones.feed(call).state == "new", "the registrar has not agreed"
    agreed = phones.udp.reply(agree())
    assert (agreed.verdict, phones.expected, phones.seconds) == (Verdict.ACCEPT, OPEN, {400})
    for port in (5071, 5072):
        called = phones.feed(HOSTS.back.udp(port, 5062, request("INVITE")))
        assert called.state == "related"
        assert called.entry is not None
        assert called.entry.master is asked.entry
        assert called.entry.ext_find(ExtId.HELPER).helper.name == "sip", "a call has media of its own"
        assert not called.entry.status & Status.HELPER
    assert phones.expected == OPEN


def test_a_call_that_was_expected_registers_nothing(phones: Phones) -> None:
    phones.udp.send(register())
    phones.udp.reply(agree())
    called = UdpFlow(phones.feed, HOSTS.back, 5071, 5062)
    assert called.send(b"hello, it is me").state == "related"
    called.reply(register())
    called.send(register(CONTACT.replace("10.0.1.2", "10.0.2.2"), "Expires: 600"))
    assert phones.expected == OPEN


def test_over_tcp(phones: Phones) -> None:
    phones.tcp.send(register())
    assert phones.expected == [WAITING[0].replace("udp", "tcp")]
    phones.tcp.reply(agree())
    assert phones.expected == [OPEN[0].replace("udp", "tcp")]
    assert phones.feed(HOSTS.back.tcp(9, 5062, "S")).state == "related"


def test_indirect_signalling(registry: Registry) -> None:
    phones = Phones(registry, sip_direct_signalling=0)
    phones.udp.send(register())
    phones.udp.reply(agree())
    assert phones.expected == [OPEN[0].replace("10.0.2.2", "any")]
    assert phones.feed(type(HOSTS)("203.0.113.1", "10.0.1.2").udp(9, 5062, b"call")).state == "related"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((CONTACT, "Expires: 600"), WAITING),
        ((f"{CONTACT};expires=60",), WAITING),
        ((f"{CONTACT};expires=0", "Expires: 600"), []),
        ((CONTACT, "Expires: 0"), []),
        ((CONTACT, "Expires: soon"), []),
        ((CONTACT, "Expires: 4294967296"), []),
        ((CONTACT,), []),
        (("Expires: 600",), []),
        (("Contact: *", "Expires: 600"), []),
        (("Contact: sip:a@10.0.2.2:5062", "Expires: 600"), []),  # somebody else
        (("Contact: sip:a@10.0.1.2:80", "Expires: 600"), []),
        (("Contact: sip:a@10.0.1.2:99999", "Expires: 600"), []),
        ((f"{CONTACT};transport=udp", "Expires: 600"), WAITING),
        ((f"{CONTACT};transport=tcp", "Expires: 600"), []),
        ((f"{CONTACT};transport=tls", "Expires: 600"), []),
        ((f"{CONTACT}, <sip:a@10.0.1.2:6000>", "Expires: 600"), WAITING),  # the first one counts
    ],
)
def test_what_a_phone_may_say(phones: Phones, headers: tuple[str, ...], expected: list[str]) -> None:
    result = phones.udp.send(register(*headers))
    assert (result.verdict, phones.expected) == (Verdict.ACCEPT, expected)


@pytest.mark.parametrize("value", ["x", "", "-1", "4294967296", "000000000001"])
def test_a_lifetime_that_cannot_be_read(phones: Phones, value: str) -> None:
    refused = phones.udp.send(register(f"{CONTACT};expires={value};x"))
    assert (refused.verdict, reasons(refused)) == (Verdict.DROP, ["cannot parse expires"])
    phones.udp.send(register())
    refused = phones.udp.reply(agree(f"{CONTACT};expires={value};x"))
    assert (refused.verdict, reasons(refused)) == (Verdict.DROP, ["cannot parse expires"])
    assert phones.expected == WAITING


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (agree(), OPEN),
        (agree(code=299), OPEN),
        (agree(CONTACT, "Expires: 400"), OPEN),
        (agree("Contact: <sip:a@10.0.9.9>", f"{CONTACT};expires=400"), OPEN),
        (agree(f"{CONTACT};transport=tcp;expires=1, <sip:a@10.0.1.2:5062>;expires=400"), OPEN),
        (agree(code=100), WAITING),
        (agree(number=2), WAITING),  # an answer to another request
        (agree(code=401), []),
        (agree(code=300), []),
        (agree(f"{CONTACT};expires=0"), []),
        (agree(CONTACT), []),
        (agree("Contact: <sip:a@10.0.1.2:6000>;expires=400"), []),
        (agree("Contact: <sip:a@10.0.9.9:5062>;expires=400"), []),
        (agree("Expires: 400"), []),
    ],
)
def test_what_a_registrar_may_say(phones: Phones, said: bytes, expected: list[str]) -> None:
    phones.udp.send(register())
    assert phones.udp.reply(said).verdict == Verdict.ACCEPT
    assert phones.expected == expected
    assert phones.seconds <= ({400.0} if expected == OPEN else {180.0})


def test_an_answer_that_comes_again_starts_the_clock_anew(phones: Phones) -> None:
    phones.udp.send(register())
    phones.udp.reply(agree())
    phones.wait(300)
    phones.udp.reply(agree())
    assert phones.seconds == {400}
    phones.udp.reply(agree(f"{CONTACT};expires=5"))
    assert phones.seconds == {5}
    phones.wait(5)
    phones.udp.reply(b"")
    assert phones.expected == []


def test_a_registration_that_ends(phones: Phones) -> None:
    phones.udp.send(register())
    phones.udp.reply(agree())
    phones.udp.send(register(f"{CONTACT};expires=0", number=2))
    assert phones.expected == OPEN, "until the registrar has answered"
    phones.udp.reply(agree("Expires: 0", number=2))
    assert phones.expected == []


def test_a_lifetime_of_too_many_ticks_begins_from_zero_again(phones: Phones) -> None:
    """2147483700 seconds are 13000 ticks more than 32 bits hold."""
    phones.udp.send(register())
    phones.udp.reply(agree(f"{CONTACT};expires=2147483700"))
    assert phones.seconds == {52}


def test_a_second_registration_replaces_the_first(phones: Phones) -> None:
    phones.udp.send(register())
    phones.udp.send(register("Contact: <sip:a@10.0.1.2:6000>;expires=9", number=2))
    assert phones.expected == ["signalling udp 10.0.2.2 > 10.0.1.2:6000 permanent inactive"]


def test_a_place_that_another_flow_awaits_already(phones: Phones) -> None:
    phones.udp.send(register())
    other = UdpFlow(phones.feed, HOSTS, 5070, 5060)
    refused = other.send(register())
    assert (refused.verdict, reasons(refused)) == (Verdict.DROP, ["cannot add expectation"])
    assert phones.expected == WAITING
