"""Reassembly: which fragments make a datagram, in which order, and what comes of those that do not fit."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conntrack, Hook, HookOps, Packet, Priority, Registry, Result, Verdict
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import IPV6, START, Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import FRAGMENT, IPv6, extension, payload_of

OTHER = 253  # a protocol for experiments: no plugin has it
HOSTS = replace(IPV6, ident=7)
DATA = Random(0).randbytes(70000)


def watch(conntrack: Conntrack) -> list[bytes]:
    """What conntrack gets to see, as bytes."""
    seen: list[bytes] = []

    def look(pkt: Packet) -> int:
        seen.append(pkt.data)
        return ACCEPT

    conntrack.net.l3protos[0x86DD].hooks.register([HookOps(Hook.PRE_ROUTING, Priority.RAW, look)])
    return seen


def piece(text: str, ip: IPv6 = HOSTS) -> bytes:
    """``0-24+`` is the fragment with the first 24 bytes of DATA, ``24-30.`` the last one with the next six."""
    start, _, end = text[:-1].partition("-")
    return ip.fragment(OTHER, DATA[int(start) : int(end)], int(start), more=text[-1] == "+")


def fate(result: Result) -> str:
    """``w`` waits, ``d`` is a duplicate, ``x`` is dropped, ``C`` completes the datagram, ``p`` passes as it is."""
    if result.verdict == Verdict.ACCEPT:
        if result.reasons:
            assert "passes as it is" in result.reasons[0]
            return "p"
        assert result.state in ("new", "established")
        return "C"
    assert (result.state, result.ctinfo) == ("none", None)
    (reason,) = result.reasons
    if result.verdict == Verdict.DROP:
        return "x"
    return "w" if "waits" in reason else "d" if "duplicate" in reason else "?"


CASES = [
    # in order, in reverse, the middle last
    ("0-24+ 24-48+ 48-72.", "wwC"),
    ("48-72. 24-48+ 0-24+", "wwC"),
    ("48-72. 0-24+ 24-48+", "wwC"),
    ("24-48+ 48-72. 0-24+", "wwC"),
    ("0-8+ 8-9.", "wC"),
    ("0-9.", "C"),
    # duplicates: entirely within one run; a run grows at its end alone
    ("0-24+ 0-24+ 24-30.", "wdC"),
    ("48-72. 0-24+ 0-24+ 24-48+", "wwdC"),
    ("0-24+ 24-48+ 16-32+ 48-50.", "wwdC"),
    # an overlap: all is thrown away, and what comes next begins anew
    ("0-24+ 16-40+ 40-48.", "wxw"),
    ("0-24+ 16-40+ 0-24+ 24-48.", "wxwC"),
    ("24-48+ 0-32+ 0-24+ 24-30.", "wxwC"),
    ("24-48+ 0-24+ 16-32+ 48-50.", "wwxw"),  # across two runs
    # what contradicts the end is dropped alone, unlike IPv4's
    ("0-24+ 24-48. 24-40. 0-24+", "wCwC"),
    ("24-48. 24-40. 0-24+", "wxC"),
    ("24-48. 24-56. 0-24+", "wxC"),
    ("24-48. 48-56+ 0-24+", "wxC"),
    ("0-24+ 24-48+ 24-40. 48-50.", "wwxC"),
    # an empty one
    ("0-24+ 24-24. 24-32.", "wxx"),  # as a last one it had told the end before it was dropped
    ("0-24+ 24-24+ 24-32.", "wxC"),
    # one that is not the last, of no multiple of 8: the queue is thrown away, and the fragment goes on alone
    ("0-24+ 24-47+ 24-48.", "wpw"),
    ("0-24+ 24-25+ 0-24+ 24-48.", "wpwC"),
]


@pytest.mark.parametrize(("pieces", "fates"), CASES)
def test_cases(pieces: str, fates: str, converse6: Converse) -> None:
    talk = converse6()
    seen = watch(talk.conntrack)
    assert "".join(fate(talk.send(piece(text))) for text in pieces.split()) == fates
    for packet, _ in zip(
        [one for one in seen if one[6] != FRAGMENT], [one for one in fates if one == "C"], strict=True
    ):
        assert DATA.startswith(payload_of(packet))


def test_what_passes_alone_is_invalid_unless_it_is_the_first(converse6: Converse) -> None:
    talk = converse6()
    later, first = talk.send(piece("24-47+")), talk.send(piece("0-23+"))
    assert (later.state, later.reasons[-1]) == ("invalid", "no transport header can be found")
    assert (first.state, first.verdict) == ("new", Verdict.ACCEPT)


@given(st.integers(1, 300), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_any_order(registry: Registry, size: int, rng: Random) -> None:
    """Whatever was cut comes together again, with each fragment once or twice, in any order."""
    cuts = sorted(rng.sample(range(8, size, 8), rng.randint(0, len(range(8, size, 8)))))
    ends = [*cuts, size]
    texts = [f"{start}-{end}{'.' if end == size else '+'}" for start, end in zip([0, *cuts], ends, strict=True)]
    conntrack = Conntrack(registry)
    seen = watch(conntrack)
    rng.shuffle(texts)
    for text in texts:
        conntrack.feed(piece(text), START)
        if text != texts[-1] and rng.random() < 0.3:
            conntrack.feed(piece(text), START)
    (packet,) = seen
    assert packet == HOSTS.packet(OTHER, DATA[:size])


def header_of(talk: Conversation, *packets: bytes) -> bytes | None:
    """The header of the datagram that the packets make, or None where they make none."""
    seen = watch(talk.conntrack)
    for packet in packets:
        talk.send(packet)
    return seen[0][:40] if seen else None


def test_headers_are_those_of_the_first_fragment(converse6: Converse) -> None:
    """And the next header is: the other fragments' may be anything."""
    first = replace(HOSTS, hop_limit=9, traffic_class=0x20, flow_label=5, extensions=(extension(0), extension(60)))
    last = replace(HOSTS, hop_limit=99, extensions=(extension(43),))
    talk = converse6()
    seen = watch(talk.conntrack)
    talk.send(last.fragment(OTHER + 1, DATA[24:30], 24, more=False))
    talk.send(first.fragment(OTHER, DATA[:24], 0, more=True))
    assert seen == [replace(first, ident=0).packet(OTHER, DATA[:30])]
    assert talk.flow["l4num"] == OTHER


def test_a_chain_of_headers_longer_than_the_kernel_can_remember(converse6: Converse) -> None:
    """It keeps in one byte where the next header field is, so that another byte is overwritten, and goes astray."""
    ip = replace(HOSTS, extensions=(extension(60, bytes(254)), extension(60)))
    talk = converse6()
    seen = watch(talk.conntrack)
    for packet in ip.fragments(OTHER, DATA[:40], [24]):
        talk.send(packet)
    (packet,) = seen
    place = 40 + 256
    assert packet[place] == FRAGMENT
    assert packet[place & 0xFF] == OTHER


NOT_ECT, ECT1, ECT0, CE = 0, 1, 2, 3
ECN = [
    ([NOT_ECT, NOT_ECT], NOT_ECT),
    ([ECT0, ECT0], ECT0),
    ([ECT0, ECT1], ECT0),  # the first one's
    ([ECT0, CE], CE),
    ([CE, ECT1], CE),
    ([CE, CE], CE),
    ([NOT_ECT, CE], None),
    ([ECT0, NOT_ECT], None),
]


@pytest.mark.parametrize(("codepoints", "expected"), ECN)
def test_congestion(codepoints: list[int], expected: int | None, converse6: Converse) -> None:
    """Congestion that any fragment met is told; senders that cannot be told do not mix with those that can."""
    talk = converse6()
    seen = watch(talk.conntrack)
    results = [
        talk.send(piece(text, replace(HOSTS, traffic_class=0x40 | ecn)))
        for text, ecn in zip(("0-8+", "8-16."), codepoints, strict=True)
    ]
    if expected is None:
        assert (seen, results[-1].verdict) == ([], Verdict.DROP)
    else:
        assert int.from_bytes(seen[0][:2], "big") >> 4 & 0xFF == 0x40 | expected


@pytest.mark.parametrize(("last", "fates"), [(65535, "wwC"), (65536, "wwx")])
def test_the_largest_datagram(last: int, fates: str, converse6: Converse) -> None:
    talk = converse6()
    assert "".join(fate(talk.send(piece(text))) for text in ("0-32768+", "32768-65528+", f"65528-{last}.")) == fates


def test_a_datagram_that_its_extension_headers_make_too_large(converse6: Converse) -> None:
    long = replace(HOSTS, extensions=(extension(60),))
    talk = converse6()
    packets = (piece("0-32768+", long), piece("32768-65528+"), piece("65528-65530."))
    assert "".join(fate(talk.send(packet)) for packet in packets) == "wwx"


# What is not taken in at all.


def raw(rest: bytes, ip: IPv6 = HOSTS) -> bytes:
    return ip.packet(FRAGMENT, rest)


@pytest.mark.parametrize("rest", [b"\x11", bytes((OTHER, 0, 0, 0)), bytes((OTHER, 0, 0, 1, 0, 0, 0))])
def test_a_fragment_header_that_is_not_all_there(rest: bytes, converse6: Converse) -> None:
    """Without a second byte, and where the fragment is not the first, nobody can say what it is of: it is dropped."""
    result = converse6().send(raw(rest[:1] if len(rest) < 2 else rest[:2]))
    assert (result.verdict, result.reasons) == (
        Verdict.DROP,
        ["fragment dropped: the fragment header is not all there"],
    )


TRUNCATED = [
    (6, 19, True),
    (6, 20, False),
    (17, 7, True),
    (17, 8, False),
    (58, 7, True),
    (58, 8, False),
    (OTHER, 0, True),
    (OTHER, 1, False),
]


@pytest.mark.parametrize(("protocol", "size", "truncated"), TRUNCATED)
def test_a_first_fragment_must_have_all_headers(protocol: int, size: int, truncated: bool, converse6: Converse) -> None:
    """One that has not is none of a datagram (RFC 8200, 4.5): it goes on alone."""
    talk = converse6()
    result = talk.send(raw(bytes((protocol, 0, 0, 1)) + b"\0\0\0\7" + bytes(size)))
    if truncated:
        assert result.verdict == Verdict.ACCEPT
    else:
        odd = size % 8
        assert (
            (result.verdict == Verdict.ACCEPT and "passes as it is" in result.reasons[0])
            if odd
            else fate(result) == "w"
        )


def test_headers_behind_the_fragment_header_count_too(converse6: Converse) -> None:
    """Destination options for the last receiver stand there."""
    behind = bytes((60, 0, 0, 1)) + b"\0\0\0\7" + bytes((OTHER, 1)) + bytes(14)
    talk = converse6()
    assert talk.send(raw(behind)).state == "new"
    assert fate(talk.send(raw(behind + bytes(8)))) == "w"


def test_a_length_of_zero_inhibits_fragmentation(converse6: Converse) -> None:
    whole = replace(HOSTS, extensions=(extension(0), (FRAGMENT, b"\0\0\1\0\0\0\7"))).packet(OTHER, bytes(8), length=0)
    assert converse6().send(whole).state == "new"
