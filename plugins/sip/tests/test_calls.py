"""Calls: the media of an offer and of its answer are expected, and forgotten when the call is over."""

from __future__ import annotations

import pytest

from ctcore import Registry, SysctlError, Verdict
from ctcore.sysctl import SECOND
from ctcore.testing.flows import HOSTS, UdpFlow
from plugins.sip.tests.phones import CALLEE, CALLER, Phones, answer, kinds, reasons, request, sdp

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "sip")

AUDIO = ["audio udp 10.0.2.2 > 10.0.1.2:5004", "audio udp 10.0.2.2 > 10.0.1.2:5005"]
BACK = ["audio udp 10.0.1.2 > 10.0.2.2:6000", "audio udp 10.0.1.2 > 10.0.2.2:6001"]


@pytest.fixture
def phones(registry: Registry) -> Phones:
    return Phones(registry)


def test_a_call(phones: Phones) -> None:
    """The media go between the phones, and belong to the call that agreed on them."""
    offer = phones.udp.send(request("INVITE", 1, sdp()))
    assert (offer.verdict, kinds(offer)) == (Verdict.ACCEPT, ["EXP_NEW", "EXP_NEW", "NEW"])
    assert phones.expected == AUDIO
    assert phones.seconds == {180}
    phones.udp.reply(answer(180, "INVITE"))
    phones.udp.reply(answer(200, "INVITE", 1, sdp(CALLEE, "audio 6000")))
    assert phones.expected == sorted(AUDIO + BACK)
    phones.udp.send(request("ACK"))
    rtp = phones.feed(HOSTS.back.udp(6000, 5004, b"voice"))
    assert rtp.state == "related"
    assert rtp.entry is not None
    assert rtp.entry.master is offer.entry
    assert phones.feed(HOSTS.udp(5004, 6000, b"voice")).state == "established", "the same flow, the other way"
    assert phones.feed(HOSTS.udp(5005, 6001, b"report")).state == "related"
    assert phones.expected == sorted([AUDIO[1], BACK[0]])
    over = phones.udp.send(request("BYE", 2))
    assert (phones.expected, kinds(over)) == ([], ["EXP_DESTROY", "EXP_DESTROY"])


def test_media_come_from_the_other_phone_alone(phones: Phones) -> None:
    phones.udp.send(request("INVITE", 1, sdp()))
    stranger = UdpFlow(phones.feed, type(HOSTS)("10.0.9.9", CALLER), 6000, 5004)
    assert stranger.send(b"voice").state == "new"
    assert phones.expected == AUDIO


def test_over_tcp(phones: Phones) -> None:
    """Several messages in one segment; the media are datagrams all the same."""
    phones.tcp.send(request("OPTIONS") + request("INVITE", 1, sdp()))
    assert phones.expected == AUDIO
    phones.tcp.reply(answer(100, "INVITE") + answer(200, "INVITE", 1, sdp(CALLEE, "audio 6000")) + b"rest")
    assert phones.expected == sorted(AUDIO + BACK)
    phones.tcp.send(request("BYE", 2))
    assert phones.expected == []


@pytest.mark.parametrize("cut", [1, 60, 100, 120, 150])
def test_a_message_split_over_segments_is_passed_over(phones: Phones, cut: int) -> None:
    """The kernel gathers no streams: only a segment that begins a message and has all of it is read."""
    offer = request("INVITE", 1, sdp())
    for part in (offer[:cut], offer[cut:]):
        assert phones.tcp.send(part).verdict == Verdict.ACCEPT
    assert phones.expected == []


def test_data_before_the_handshake_is_done_is_not_read(phones: Phones) -> None:
    phones.tcp.syn(data=request("INVITE", 1, sdp()))
    assert phones.expected == []


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (("audio 5005",), AUDIO),  # RTP has the even port below
        (("video 7000",), ["video udp 10.0.2.2 > 10.0.1.2:7000", "video udp 10.0.2.2 > 10.0.1.2:7001"]),
        (("image 7000",), ["image udp 10.0.2.2 > 10.0.1.2:7000", "image udp 10.0.2.2 > 10.0.1.2:7001"]),
        (("audio 5004", "audio 5004"), AUDIO),
        (("audio 5004", "video 5004"), AUDIO),
        (("application 5004", "audio 0"), []),
        (("text 80", "audio 5004"), AUDIO),
        (
            ("audio 65534", "audio 1024", "audio 5004"),  # two at most, the oldest goes
            ["audio udp 10.0.2.2 > 10.0.1.2:1024", "audio udp 10.0.2.2 > 10.0.1.2:1025", *AUDIO],
        ),
        (
            ("audio 5004", "video 7000", "image 7002", "audio 80"),  # three are read, no more
            [
                *AUDIO,
                *(f"image udp 10.0.2.2 > 10.0.1.2:{port}" for port in (7002, 7003)),
                *(f"video udp 10.0.2.2 > 10.0.1.2:{port}" for port in (7000, 7001)),
            ],
        ),
    ],
)
def test_which_media(phones: Phones, media: tuple[str, ...], expected: list[str]) -> None:
    phones.udp.send(request("INVITE", 1, sdp(CALLER, *media)))
    assert phones.expected == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (sdp(CALLER, "audio 1023"), "wrong port 1023"),
        (sdp(CALLER, "audio 65536"), "wrong port 65536"),
        (sdp(CALLER, "audio 5004", "video 80"), "wrong port 80"),
        (sdp("host"), "cannot parse SDP message"),
        (sdp("10.0.1.256"), "cannot parse SDP message"),
    ],
)
def test_a_description_that_is_refused(phones: Phones, body: bytes, reason: str) -> None:
    """The packet is dropped, its flow does not begin, and what it had announced is taken back."""
    refused = phones.udp.send(request("INVITE", 1, body))
    assert (refused.verdict, refused.entry, reasons(refused)) == (Verdict.DROP, None, [reason])
    assert phones.expected == []
    assert phones.tracker.net.table.count == 0


@pytest.mark.parametrize("code", [404, 486, 300, 99])
def test_a_call_that_is_refused(phones: Phones, code: int) -> None:
    phones.udp.send(request("INVITE", 7, sdp()))
    phones.udp.reply(answer(code, "INVITE", 6))
    assert phones.expected == AUDIO, "an answer to another call"
    phones.udp.reply(answer(code, "INVITE", 7))
    assert phones.expected == []


def test_a_new_offer_replaces_the_old_one(phones: Phones) -> None:
    phones.udp.send(request("INVITE", 1, sdp()))
    phones.udp.send(request("UPDATE", 2, sdp(CALLER, "video 7000")))
    assert len(phones.expected) == 4
    phones.udp.send(request("INVITE", 3, sdp(CALLER, "audio 7000")))
    assert phones.expected == [
        line.replace("500", "700").replace("7004", "7000").replace("7005", "7001") for line in AUDIO
    ]
    phones.udp.reply(answer(486, "INVITE", 1))
    assert len(phones.expected) == 2, "the answer to an offer that does not count any more"


@pytest.mark.parametrize("method", ["UPDATE", "PRACK", "ACK", "INVITE"])
def test_each_may_have_an_offer(phones: Phones, method: str) -> None:
    phones.udp.send(request(method, 1, sdp()))
    assert phones.expected == AUDIO


@pytest.mark.parametrize("method", ["OPTIONS", "INFO", "MESSAGE", "BYE", "CANCEL"])
def test_others_have_none(phones: Phones, method: str) -> None:
    result = phones.udp.send(request(method, 1, sdp()))
    assert (result.verdict, phones.expected) == (Verdict.ACCEPT, [])


def test_the_same_media_on_two_ways(phones: Phones) -> None:
    """Both flows tell of the same call: what the first announced is left to it."""
    phones.udp.send(request("INVITE", 1, sdp()))
    second = UdpFlow(phones.feed, HOSTS, 5070, 5060)
    assert second.send(request("INVITE", 1, sdp())).verdict == Verdict.ACCEPT
    assert phones.expected == AUDIO
    assert second.send(request("BYE", 2)).verdict == Verdict.ACCEPT
    assert phones.expected == AUDIO
    phones.udp.send(request("BYE", 2))
    assert phones.expected == []


def test_media_that_another_helper_of_the_same_name_awaits(phones: Phones) -> None:
    """Over TCP the helper is another one: an equal announcement is taken for made, one of another class too."""
    phones.udp.send(request("INVITE", 1, sdp()))
    assert phones.tcp.send(request("INVITE", 1, sdp())).verdict == Verdict.ACCEPT
    assert phones.tcp.send(request("UPDATE", 1, sdp(CALLER, "video 5004"))).verdict == Verdict.ACCEPT
    assert phones.expected == AUDIO


def test_a_clash_with_what_somebody_else_awaits(registry: Registry) -> None:
    phones = Phones(registry, sip_direct_media=0)
    phones.udp.send(request("INVITE", 1, sdp("192.0.2.1")))
    assert phones.expected == [f"audio udp any > 192.0.2.1:{port}" for port in (5004, 5005)]
    phones.tracker.net.sysctl["nf_conntrack_sip.sip_direct_media"] = 1
    other = UdpFlow(phones.feed, type(HOSTS)("192.0.2.1", CALLEE), 5060, 5060)
    refused = other.send(request("INVITE", 1, sdp("192.0.2.1", "video 5004")))
    assert (refused.verdict, reasons(refused)) == (Verdict.DROP, ["cannot add expectation for voice"])
    assert len(phones.expected) == 2


def test_where_half_of_it_cannot_be_announced_none_is(registry: Registry) -> None:
    phones = Phones(registry)
    phones.tracker.net.sysctl["nf_conntrack_expect_max"] = 3
    phones.udp.send(request("INVITE", 1, sdp()))
    refused = phones.udp.send(request("UPDATE", 2, sdp(CALLER, "video 7000")))
    assert (refused.verdict, reasons(refused)) == (Verdict.DROP, ["cannot add expectation for voice"])
    assert kinds(refused) == ["EXP_NEW", "EXP_DESTROY"]
    assert phones.expected == AUDIO


def test_forged_addresses_announce_nothing(phones: Phones) -> None:
    for host in ("10.0.2.2", "10.0.9.9", "0.0.0.0"):
        result = phones.udp.send(request("INVITE", 1, sdp(host)))
        assert (result.verdict, phones.expected) == (Verdict.ACCEPT, [])


def test_a_flood_of_offers_stays_within_the_classes(phones: Phones) -> None:
    for number in range(200):
        media = (f"{kind} {1024 + 6 * number + place * 2}" for place, kind in enumerate(("audio", "video", "image")))
        assert phones.udp.send(request("UPDATE", number, sdp(CALLER, *media))).verdict == Verdict.ACCEPT
    assert len(phones.expected) == 10, "four audio, four video, two image"
    counters = dict(phones.tracker.net.stat.items())
    assert counters["expect_create"] - counters["expect_delete"] == 10


def test_expectations_end_with_their_time_and_with_their_call(phones: Phones) -> None:
    phones.udp.send(request("INVITE", 1, sdp()))
    phones.wait(179)
    phones.udp.send(b"keep-alive")
    assert phones.expected == AUDIO
    phones.wait(1)
    phones.udp.send(b"keep-alive")
    assert phones.expected == []
    phones.udp.send(request("INVITE", 1, sdp()))
    phones.tracker.net.flush()
    assert phones.tracker.net.expectations.count == 0


@pytest.mark.parametrize("data", [b"x", b"\r\n\r\n", request("OPTIONS")])
def test_every_payload_keeps_the_flow_alive(registry: Registry, data: bytes) -> None:
    phones = Phones(registry, sip_timeout=77)
    result = phones.udp.send(data)
    assert result.entry is not None
    assert result.entry.remaining(phones.now) == 77 * SECOND
    result = phones.tcp.send(data)
    assert result.entry is not None
    assert result.entry.remaining(phones.now) == 77 * SECOND


def test_without_a_payload_the_protocols_timeout_stays(phones: Phones) -> None:
    result = phones.udp.send(b"")
    assert result.entry is not None
    assert result.entry.remaining(phones.now) == 9999 * SECOND


def test_an_icmp_error_of_the_callers_is_read_like_a_message(phones: Phones) -> None:
    """The kernel does so: a refused datagram keeps the flow alive, for what it quotes is a payload."""
    phones.udp.send(b"")
    phones.feed(HOSTS.icmp_error(3, 3, HOSTS.back.udp(5060, 5060, b"x")))
    assert phones.udp.reply(b"").entry is not None
    (flow,) = phones.tracker.flows()
    assert flow.remaining(phones.now) == 9999 * SECOND, "a datagram again"
    phones.feed(HOSTS.icmp_error(3, 3, HOSTS.back.udp(5060, 5060, b"x")))
    assert flow.remaining(phones.now) == 3600 * SECOND


def test_direct_media_off(registry: Registry) -> None:
    """Media may go to anybody, and come from anybody."""
    phones = Phones(registry, sip_direct_media=0)
    phones.udp.send(request("INVITE", 1, sdp("10.0.9.9")))
    assert phones.expected == [f"audio udp any > 10.0.9.9:{port}" for port in (5004, 5005)]
    assert phones.feed(type(HOSTS)("203.0.113.1", "10.0.9.9").udp(1, 5004, b"voice")).state == "related"


def test_external_media(registry: Registry) -> None:
    """With one way out, all media but those to the host itself come in where the signalling does."""
    phones = Phones(registry, sip_direct_media=0, sip_external_media=1)
    phones.tracker.net.add_local("10.0.9.9")
    phones.udp.send(request("INVITE", 1, sdp("10.0.1.2")))
    assert phones.expected == []
    for number, host in enumerate(("10.0.9.9", "0.0.0.0")):
        phones.udp.send(request("INVITE", number, sdp(host)))
        assert phones.expected == [f"audio udp any > {host}:{port}" for port in (5004, 5005)]


def test_no_timeout_has_more_ticks_than_the_kernel_can_count(phones: Phones) -> None:
    phones.tracker.net.sysctl["nf_conntrack_sip.sip_timeout"] = 8589934
    with pytest.raises(SysctlError, match="it must be from 0 to 8589934 seconds"):
        phones.tracker.net.sysctl["nf_conntrack_sip.sip_timeout"] = 8589935
