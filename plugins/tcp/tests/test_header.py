"""The header, its checks, and the options that the tracker reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4, payload_of, sack, sack_permitted, tcp_options, window_scale
from ctcore_tcp.header import TCP
from ctcore_tcp.options import highest_sack, syn_options

read_all = TCP.reader()
U32 = 2**32


@given(st.binary(min_size=20, max_size=20))
def test_the_data_offset_is_told_in_bytes(header: bytes) -> None:
    assert TCP.parse(header).doff == (header[12] >> 4) * 4


def test_the_header_of_a_real_segment() -> None:
    packet = IPv4("10.0.0.1", "10.0.0.2").tcp(1234, 80, "SA", 5, 6, window=7, options=bytes(4))
    parsed = TCP.parse(payload_of(packet))
    assert (parsed.source, parsed.dest, parsed.seq, parsed.ack_seq) == (1234, 80, 5, 6)
    assert (parsed.doff, parsed.flags, parsed.window) == (24, 0x12, 7)


# The combinations of flags that may be, PSH, ECE and CWR aside.
MAY_BE = ["S", "SU", "SA", "R", "RA", "FA", "FAU", "A", "AU"]
EXTRAS = ["", "P", "E", "C", "PE", "PC", "EC", "PEC"]
ALLOWED = {"".join(sorted(flags + extra)) for flags in MAY_BE for extra in EXTRAS}
ALL_FLAGS = [
    "".join(sorted(letter for bit, letter in enumerate("FSRPAUEC") if flags >> bit & 1)) for flags in range(256)
]


def test_flag_combinations(converse: Converse) -> None:
    talk = converse()
    talk.client.tcp("S", 100)
    talk.server.tcp("SA", 500, 101)
    refused = set()
    for flags in ALL_FLAGS:
        result = talk.client.tcp(flags, 4_000_000_000, 0)  # out of the window, so that none has an effect
        if "nf_ct_proto_6: invalid tcp flag combination" in result.reasons:
            assert result.state == "invalid"
            refused.add(flags)
    assert refused == set(ALL_FLAGS) - ALLOWED
    assert len(ALLOWED) == 72


def refusal(result: Result) -> tuple[str, list[str]]:
    return result.state, [text.removeprefix("nf_ct_proto_6: ") for text in result.reasons]


@pytest.mark.parametrize("size", range(4, 20))
def test_a_header_that_is_not_whole(size: int, converse: Converse) -> None:
    talk = converse()
    segment = talk.client.ip.tcp(1, 2, "S")[20:]
    assert refusal(talk.send(talk.client.ip.packet(6, segment[:size]))) == (
        "invalid",
        ["the TCP header is not all there"],
    )
    assert talk.conntrack.net.table.count == 0


@pytest.mark.parametrize("words", [0, 4, 7, 15])
def test_a_data_offset_that_cannot_be(words: int, converse: Converse) -> None:
    """Less than the header itself, or more than the packet has."""
    result = converse().client.tcp("S", data=b"1234567", data_offset=words)
    assert refusal(result) == ("invalid", ["truncated packet"])


@pytest.mark.parametrize("words", [5, 6])
def test_a_data_offset_that_can_be(words: int, converse: Converse) -> None:
    assert converse().client.tcp("S", data=b"\x01" * 7, data_offset=words).state == "new"


def test_the_checksum(converse: Converse) -> None:
    assert refusal(converse().client.tcp("S", check=0x1234)) == ("invalid", ["bad checksum"])
    assert converse(nf_conntrack_checksum=0).client.tcp("S", check=0x1234).state == "new"


def test_a_bad_checksum_touches_no_flow(converse: Converse) -> None:
    talk = converse()
    talk.client.tcp("S", 100)
    before = talk.flow
    assert talk.server.tcp("SA", 500, 101, check=1).state == "invalid"
    assert talk.flow == before


def test_the_host_itself_may_leave_checksums_to_its_hardware(converse: Converse) -> None:
    talk = converse()
    talk.conntrack.net.add_local("10.0.1.2")
    assert talk.client.tcp("S", check=1).state == "new"
    assert talk.server.tcp("SA", 500, 1, check=1).state == "invalid"


def test_the_checks_come_in_order(converse: Converse) -> None:
    """A segment that is wrong in several ways is refused for the first."""
    assert refusal(converse().client.tcp("SF", data_offset=4, check=1)) == ("invalid", ["truncated packet"])
    assert refusal(converse().client.tcp("SF", check=1)) == ("invalid", ["bad checksum"])


def offers(talk: Conversation) -> tuple[list[int], list[int]]:
    tcp = talk.flow["tcp"]
    return tcp["wscale"], tcp["flags"]


SYN_OPTIONS = [
    (b"", 0, 0),
    (window_scale(7), 7, 1),
    (window_scale(14), 14, 1),
    (window_scale(15), 14, 1),
    (window_scale(255), 14, 1),
    (sack_permitted(), 0, 2),
    (b"\x02\x04\x05\xb4" + sack_permitted() + b"\x01" + window_scale(5), 5, 3),
    (b"\x01\x01\x01" + window_scale(3), 3, 1),
    (b"\x00" + window_scale(3), 0, 0),  # after the end of options
    (b"\x03\x04\x07\x07", 0, 0),  # lengths that these options do not have
    (b"\x04\x03\x01", 0, 0),
    (b"\x08\x00" + window_scale(3), 0, 0),  # a length that cannot be
    (b"\x08\x01" + window_scale(3), 0, 0),
    (b"\x01\x01\x08\x0a", 0, 0),  # longer than the header
    (window_scale(9) + b"\x08", 9, 1),  # no room for its length
    (window_scale(9) + b"\x00" + window_scale(2), 9, 1),
    (window_scale(9) + window_scale(2), 2, 1),
]


@pytest.mark.parametrize(("options", "scale", "flags"), SYN_OPTIONS, ids=lambda value: repr(value))
def test_options_of_a_syn(options: bytes, scale: int, flags: int, converse: Converse) -> None:
    talk = converse()
    talk.client.tcp("S", 100, options=options + b"\x00" * (-len(options) % 4))
    assert offers(talk) == ([scale, 0], [flags, 0])


def test_a_syn_without_options_changes_nothing() -> None:
    assert syn_options(b"\x00" * 8, 4, 4, 5, 0x3F) == (5, 0x3F)
    assert syn_options(b"\x01" * 8, 4, 8, 5, 0x3F) == (0, 0x08)


SACKS = [
    ((150, 200), 200),
    ((150, 90), 100),
    ((150, 100), 100),
    ((50, 100 + 2**31 - 1), 100 + 2**31 - 1),
    ((50, 100 + 2**31), 100 + 2**31),
    ((50, 100 + 2**31 + 1), 100),
]


@pytest.mark.parametrize(("block", "highest"), SACKS)
def test_the_highest_selective_acknowledgment(block: tuple[int, int], highest: int) -> None:
    options = tcp_options(sack(block))
    assert highest_sack(b"ab" + options + b"c", 2, 2 + len(options), 100) == highest


BLOCKS = st.lists(st.tuples(st.integers(0, U32 - 1), st.integers(0, 2**30)), min_size=1, max_size=4)


@given(st.integers(0, U32 - 1), BLOCKS)
def test_every_block_counts(ack: int, blocks: list[tuple[int, int]]) -> None:
    """The highest right edge, in the order of sequence numbers, all within reach of the acknowledgment."""
    options = tcp_options(sack(*((left, ack + beyond) for left, beyond in blocks)))
    highest = (ack + max(beyond for _, beyond in blocks)) % U32
    assert highest_sack(options, 0, len(options), ack) == highest


NO_SACK = [
    b"\x01\x01\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x02",  # the usual timestamps
    b"\x00" + sack((1, 200)),
    b"\x05\x06\x00\x00\x00\xc8",  # no whole block
    b"\x05\x0b" + sack((1, 200))[2:] + b"\x01",
    b"\x05\x12" + sack((1, 200))[2:],  # longer than the header
    b"\x05\x01" + sack((1, 200))[2:],
    b"\x05",
]


@pytest.mark.parametrize("options", NO_SACK)
def test_no_selective_acknowledgment(options: bytes) -> None:
    assert highest_sack(options, 0, len(options), 100) == 100


def test_the_first_whole_block_option_is_the_last_that_is_read() -> None:
    options = sack((1, 200)) + sack((1, 300))
    assert highest_sack(options, 0, len(options), 100) == 200


@given(st.binary(max_size=40), st.binary(max_size=8), st.integers(0, U32 - 1))
def test_options_are_read_no_further_than_they_go(options: bytes, after: bytes, ack: int) -> None:
    scale, flags = syn_options(options, 0, len(options), 0, 0)
    assert (scale, flags) == syn_options(options + after, 0, len(options), 0, 0)
    assert highest_sack(options, 0, len(options), ack) == highest_sack(options + after, 0, len(options), ack)
    assert 0 <= scale <= 14
