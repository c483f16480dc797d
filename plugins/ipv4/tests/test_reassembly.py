"""Reassembly: which fragments make a datagram, in which order, and what comes of those that do not fit."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conntrack, Hook, HookOps, Packet, Priority, Registry, Result, Verdict
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import START, Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, checksum, payload_of

OTHER = 253  # a protocol for experiments: no plugin has it
HOSTS = IPv4("10.0.1.2", "10.0.2.2", ident=7)
DATA = Random(0).randbytes(70000)


def watch(conntrack: Conntrack) -> list[bytes]:
    """What conntrack gets to see, as bytes."""
    seen: list[bytes] = []

    def look(pkt: Packet) -> int:
        seen.append(pkt.data)
        return ACCEPT

    conntrack.net.l3protos[0x0800].hooks.register([HookOps(Hook.PRE_ROUTING, Priority.RAW, look)])
    return seen


def piece(text: str, ip: IPv4 = HOSTS) -> bytes:
    """``0-24+`` is the fragment with the first 24 bytes of DATA, ``24-30.`` the last one with the next six."""
    start, _, end = text[:-1].partition("-")
    return ip.fragment(OTHER, DATA[int(start) : int(end)], int(start), more=text[-1] == "+")


def fate(result: Result) -> str:
    """``w`` waits, ``d`` is a duplicate, ``x`` all is thrown away, ``C`` completes the datagram."""
    if result.verdict == Verdict.ACCEPT:
        assert result.state in ("new", "established")
        return "C"
    assert (result.verdict, result.state, result.ctinfo) == (Verdict.STOLEN, "none", None)
    (reason,) = result.reasons
    return "w" if "waits" in reason else "d" if "duplicate" in reason else "x"


CASES = [
    # in order, in reverse, the middle last
    ("0-24+ 24-48+ 48-72.", "wwC"),
    ("48-72. 24-48+ 0-24+", "wwC"),
    ("48-72. 0-24+ 24-48+", "wwC"),
    ("24-48+ 48-72. 0-24+", "wwC"),
    ("0-8+ 8-9.", "wC"),
    # duplicates: entirely within one run; a run grows at its end alone
    ("0-24+ 0-24+ 24-30.", "wdC"),
    ("48-72. 0-24+ 0-24+ 24-48+", "wwdC"),
    ("0-24+ 24-48+ 16-32+ 48-50.", "wwdC"),
    ("0-24+ 24-48+ 8-40+ 48-50.", "wwdC"),
    ("24-48+ 0-24+ 8-16+ 48-50.", "wwdC"),
    ("24-48. 24-48. 0-24+", "wdC"),
    ("24-48. 24-48+ 0-24+", "wdC"),
    # overlaps: all is thrown away, and what comes then begins anew
    ("0-24+ 16-40+", "wx"),
    ("0-24+ 16-40+ 48-72. 0-24+ 24-48+", "wxwwC"),
    ("24-48+ 16-32+", "wx"),
    ("24-48+ 0-32+", "wx"),
    ("24-48+ 0-24+ 16-32+", "wwx"),  # within two runs, not one
    ("0-24+ 48-72+ 16-56+", "wwx"),
    ("0-24+ 48-72+ 24-56+", "wwx"),
    ("0-24+ 48-72+ 0-72+", "wwx"),
    ("8-24+ 0-48+", "wx"),
    # what does not end on eight bytes is cut there, but for the last one
    ("0-27+ 24-72.", "wC"),
    ("0-31+ 24-72.", "wC"),
    ("0-23+ 16-72.", "wC"),
    # more than one end
    ("24-72. 24-40.", "wx"),
    ("24-48. 24-72.", "wx"),
    ("24-48. 40-72+", "wx"),
    ("0-48+ 24-40.", "wx"),
    # nothing in it
    ("8-8.", "x"),
    ("8-12+", "x"),
    ("0-7+", "x"),
    ("0-24+ 24-24. 24-48.", "wxw"),
    # after completion a new datagram begins
    ("0-24+ 24-48. 0-24+ 24-48.", "wCwC"),
    ("0-24+ 24-48. 24-48. 0-24+", "wCwC"),
]


@pytest.mark.parametrize(("pieces", "fates"), CASES)
def test_cases(pieces: str, fates: str, converse: Converse) -> None:
    talk = converse()
    seen = watch(talk.conntrack)
    assert "".join(fate(talk.send(piece(text))) for text in pieces.split()) == fates
    assert len(seen) == fates.count("C")
    last = max(int(text[:-1].partition("-")[2]) for text in pieces.split() if text.endswith(".")) if seen else 0
    for packet in seen:
        assert payload_of(packet) == DATA[:last]
        assert (packet[2:4], packet[6:8]) == ((20 + last).to_bytes(2, "big"), b"\0\0")
        assert checksum(packet[:20]) == 0


def test_the_datagram_is_one_packet(converse: Converse) -> None:
    talk = converse()
    for text in ("0-24+", "48-72.", "24-48+"):
        result = talk.send(piece(text))
    assert (result.state, talk.packets, talk.flow["original"]["bytes"]) == ("new", (1, 0), 92)
    assert talk.count("invalid") == 0


@st.composite
def cuttings(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    """The length of a datagram, and the stretches that it is cut into, mixed, some of them twice."""
    cuts = sorted(draw(st.sets(st.integers(1, 40), min_size=1, max_size=8)))
    places = [0, *(cut * 8 for cut in cuts)]
    total = places[-1] + draw(st.integers(1, 40))
    stretches = list(zip(places, [*places[1:], total], strict=True))
    again = draw(st.lists(st.sampled_from(stretches), max_size=4))
    return total, draw(st.permutations(stretches + again))


@given(cuttings())
@settings(deadline=None, max_examples=100)
def test_any_order(registry: Registry, cutting: tuple[int, list[tuple[int, int]]]) -> None:
    """The datagram is whole with the last stretch of it that was missing."""
    total, stretches = cutting
    conntrack = Conntrack(registry)
    seen = watch(conntrack)
    have: set[tuple[int, int]] = set()
    for start, end in stretches:
        before = len(seen)
        conntrack.feed(piece(f"{start}-{end}{'.' if end == total else '+'}"), START)
        have.add((start, end))
        assert (len(seen) > before) == (sum(end - start for start, end in have) == total)
        if len(seen) > before:
            assert payload_of(seen[-1]) == DATA[:total]
            have.clear()


PARTS = st.tuples(st.integers(0, 6), st.integers(0, 30), st.booleans())


@given(st.lists(PARTS, min_size=2, max_size=12))
@settings(deadline=None, max_examples=100)
def test_nothing_but_what_was_sent_comes_out(registry: Registry, parts: list[tuple[int, int, bool]]) -> None:
    """Whatever fragments come, a datagram has no hole and each byte of it where its fragment said."""
    conntrack = Conntrack(registry)
    seen = watch(conntrack)
    for units, size, more in parts:
        conntrack.feed(piece(f"{units * 8}-{units * 8 + size}{'+' if more else '.'}"), START)
    for packet in seen:
        assert DATA.startswith(payload_of(packet))


# What the datagram's header is.


def header_of(talk: Conversation, *packets: bytes) -> bytes | None:
    """The header that comes out, or None where nothing does."""
    seen = watch(talk.conntrack)
    for packet in packets:
        talk.send(packet)
    return seen[0][: (seen[0][0] & 15) * 4] if seen else None


def test_the_first_fragments_header_is_taken(converse: Converse) -> None:
    first = IPv4("10.0.1.2", "10.0.2.2", ident=7, ttl=9, tos=0x10, options=b"\x01\x01\x01\x01")
    header = header_of(converse(), piece("24-48."), piece("0-24+", first))
    assert header is not None
    assert (header[0], header[1], header[8], len(header)) == (0x46, 0x10, 9, 24)
    assert header[2:4] == (24 + 48).to_bytes(2, "big")
    assert checksum(header) == 0


NOT_ECT, ECT1, ECT0, CE = range(4)
ECN = [
    ([NOT_ECT, NOT_ECT], NOT_ECT),
    ([ECT0, ECT0], ECT0),
    ([ECT0, ECT1], ECT0),
    ([ECT1, ECT0], ECT1),
    ([CE, CE], CE),
    ([ECT0, CE], CE),
    ([CE, ECT1], CE),
    ([ECT1, ECT0, CE], CE),
    ([NOT_ECT, CE], None),
    ([ECT0, NOT_ECT], None),
    ([CE, ECT0, NOT_ECT], None),
]


@pytest.mark.parametrize(("codepoints", "expected"), ECN)
def test_congestion(codepoints: list[int], expected: int | None, converse: Converse) -> None:
    """Congestion that any fragment met is told; senders that cannot be told do not mix with those that can."""
    last = len(codepoints) - 1
    packets = [
        piece(f"{8 * at}-{8 * at + 8}{'.' if at == last else '+'}", IPv4(HOSTS.src, HOSTS.dst, ident=7, tos=0x40 | ecn))
        for at, ecn in enumerate(codepoints)
    ]
    header = header_of(converse(), *packets)
    assert header == (None if expected is None else header)
    if header is not None and expected is not None:
        assert header[1] == 0x40 | expected


DF = [
    ("0-24+ 24-48.", "", False),
    ("0-24+ 24-48.", "0-24+ 24-48.", True),
    ("0-24+ 24-32.", "0-24+", True),  # the largest one has it
    ("0-24+ 24-32.", "24-32.", False),
    ("0-24+ 24-48.", "24-48.", True),  # one of the largest
]


@pytest.mark.parametrize(("pieces", "with_df", "expected"), DF)
def test_dont_fragment(pieces: str, with_df: str, expected: bool, converse: Converse) -> None:
    marked = IPv4(HOSTS.src, HOSTS.dst, ident=7, df=True)
    packets = [piece(text, marked if text in with_df.split() else HOSTS) for text in pieces.split()]
    header = header_of(converse(), *packets)
    assert header is not None
    assert header[6:8] == (b"\x40\x00" if expected else b"\x00\x00")


@pytest.mark.parametrize(("last", "comes_out"), [(65515, True), (65516, False)])
def test_the_largest_datagram(last: int, comes_out: bool, converse: Converse) -> None:
    talk = converse()
    seen = watch(talk.conntrack)
    packets = [piece("0-32768+"), piece("32768-65504+"), piece(f"65504-{last}.")]
    result = [talk.send(packet) for packet in packets][-1]
    assert ([len(packet) for packet in seen], fate(result)) == (([65535], "C") if comes_out else ([], "x"))
