"""The window: what is in it, what is not, and what becomes of what is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conn, Registry, Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import sack, sack_permitted, tcp_options, window_scale

U32 = 2**32
WINDOW = 1000
DATA_UNACKNOWLEDGED = 0x10


def established(talk: Conversation, options: bytes = b"", shift: int = 0) -> Conversation:
    """The client has sent up to 101 and may send up to 1101, the server up to 501 and may up to 1501."""
    talk.client.tcp("S", 100 + shift, window=WINDOW, options=options)
    talk.server.tcp("SA", 500 + shift, 101 + shift, window=WINDOW, options=options)
    talk.client.tcp("A", 101 + shift, 501 + shift, window=WINDOW)
    assert (talk.state, talk.packets) == ("ESTABLISHED", (2, 1))
    return talk


def reasons(result: Result) -> list[str]:
    return [text.removeprefix("nf_ct_proto_6: ") for text in result.reasons]


def sides(entry: Conn) -> tuple[tuple[int, ...], ...]:
    """end, maxend, maxwin of the client and of the server."""
    return tuple((side.end, side.maxend, side.maxwin) for side in (entry.proto.side(0), entry.proto.side(1)))


def test_the_window_after_the_handshake(converse: Converse) -> None:
    assert sides(established(converse()).entry) == ((101, 1101, 1000), (501, 1501, 1000))


def segment(talk: Conversation, seq: int, ack: int, size: int = 0) -> Result:
    return talk.client.tcp("A", seq, ack, window=WINDOW, data=b"x" * size)


IN_WINDOW = [
    (101, 501, 0),
    (101, 501, 1000),
    (1101, 501, 0),  # the last sequence number that may be
    (1101, 501, 500),  # beyond the window, but it begins within
    (101 - 1000, 501, 0),  # the first one
    (101 - 1001, 501, 1),
    (101, 501 - 66000, 0),  # the oldest acknowledgment
]


@pytest.mark.parametrize(("seq", "ack", "size"), IN_WINDOW)
def test_in_the_window(seq: int, ack: int, size: int, converse: Converse) -> None:
    talk = established(converse())
    result = segment(talk, seq, ack, size)
    assert (result.state, result.reasons, talk.packets) == ("established", [], (3, 1))


SEQ_OVER = "SEQ is over upper bound 1102 (over the window of the receiver)"
ACK_OVER = "ACK is over upper bound 502 (ACKed data not seen yet)"
SEQ_UNDER = f"SEQ is under lower bound {101 - 1000 - 1 + U32} (already ACKed data retransmitted)"
ACK_UNDER = f"ignored ACK under lower bound {501 - 66000 - 1 + U32} (possible overly delayed)"

LET_THROUGH = [
    (101 - 1001, 501, 0, SEQ_UNDER),
    (101 - 50000, 501, 1, SEQ_UNDER),
    (101, 501 - 66001, 0, ACK_UNDER),
    (101, 501 - 2**31 + 1, 0, ACK_UNDER),
    (1102, 501, 0, "2 bytes more than expected"),
    (1102, 501, 100, "102 bytes more than expected"),
    (1102, 501, 998, "1000 bytes more than expected"),
]
REFUSED = [
    (1102, 501, 999, SEQ_OVER),  # a byte more than the receiver's window, too much to expect
    (101 + 2**31 - 1, 501, 0, SEQ_OVER),
    (1102, 502, 100, SEQ_OVER),
    (1102, 501 - 66001, 100, SEQ_OVER),
    (101, 502, 0, ACK_OVER),
    (101, 501 + 2**31 - 1, 0, ACK_OVER),
    (101 - 1001, 502, 0, ACK_OVER),  # the acknowledgment is looked at first
]


@pytest.mark.parametrize(("seq", "ack", "size", "reason"), LET_THROUGH)
def test_let_through(seq: int, ack: int, size: int, reason: str, converse: Converse) -> None:
    """Neither counted nor does it keep the flow alive."""
    talk = established(converse())
    talk.wait(10)
    result = segment(talk, seq, ack, size)
    assert (result.state, reasons(result)) == ("established", [reason])
    assert (talk.packets, talk.timeout, talk.count("invalid")) == ((2, 1), 431990, 0)


@pytest.mark.parametrize(("seq", "ack", "size", "reason"), REFUSED)
def test_refused(seq: int, ack: int, size: int, reason: str, converse: Converse) -> None:
    talk = established(converse())
    before = sides(talk.entry)
    talk.wait(10)
    result = segment(talk, seq, ack, size)
    assert (result.state, reasons(result)) == ("invalid", [reason])
    assert (talk.packets, talk.timeout, talk.count("invalid")) == ((2, 1), 431990, 1)
    assert sides(talk.entry) == before


def test_more_than_expected_is_remembered_all_the_same(converse: Converse) -> None:
    """The server may acknowledge it: else a single overshoot would end the flow's tracking."""
    talk = established(converse())
    segment(talk, 1102, 501, 100)
    assert sides(talk.entry) == ((1202, 1101, 1000), (501, 1501, 1000))
    assert talk.flow["tcp"]["flags"][0] & DATA_UNACKNOWLEDGED
    assert talk.server.tcp("A", 501, 1202, window=WINDOW).reasons == []


@pytest.mark.parametrize(("seq", "ack", "size", "reason"), LET_THROUGH + REFUSED)
def test_liberal(seq: int, ack: int, size: int, reason: str, converse: Converse) -> None:
    """Counted, and without effect on the window, but for the end of what is more than expected."""
    talk = established(converse(nf_conntrack_tcp_be_liberal=1))
    ((_, *before), server) = sides(talk.entry)
    result = segment(talk, seq, ack, size)
    assert (result.state, result.reasons, talk.packets) == ("established", [], (3, 1))
    ((end, *after), server_after) = sides(talk.entry)
    assert (before, server) == (after, server_after)
    assert end == (seq + size if "more than expected" in reason else 101)


def test_a_picked_up_flow_is_liberal(converse: Converse) -> None:
    """How its windows are scaled was not seen."""
    talk = converse()
    talk.client.tcp("A", 101, 501, window=10)
    talk.server.tcp("A", 501, 101, window=10)
    assert talk.flow["tcp"]["flags"] == [0x0A, 0x2A]
    assert segment(talk, 900_000, 501, 10).reasons == []
    assert talk.packets == (2, 1)


def test_a_flow_picked_up_from_a_keepalive(converse: Converse) -> None:
    """Which has a number that was acknowledged already: the answer tells how far its sender has got."""
    talk = converse()
    talk.tcp("> A 100 501; < A 501 101")
    assert talk.entry.proto.side(0).end == 101


def test_what_a_segment_does_to_the_window(converse: Converse) -> None:
    talk = established(converse())
    segment(talk, 101, 501, 500)
    assert sides(talk.entry) == ((601, 1101, 1000), (501, 1501, 1000))
    talk.server.tcp("A", 501, 301, window=2000)
    assert sides(talk.entry) == ((601, 2301, 1000), (501, 1501, 2000))
    talk.server.tcp("A", 501, 601, window=10)  # smaller, but what was promised remains so
    assert sides(talk.entry) == ((601, 2301, 1000), (501, 1501, 2000))
    segment(talk, 2301, 501, 50)  # beyond the end by 50: the server must have taken more
    assert sides(talk.entry) == ((2351, 2301, 1000), (501, 1501, 2050))


def test_a_shut_window_has_room_for_a_probe(converse: Converse) -> None:
    talk = established(converse())
    segment(talk, 101, 501, 1000)
    talk.server.tcp("A", 501, 1101, window=0)
    assert sides(talk.entry)[0] == (1101, 1102, 1000)
    assert talk.timeout == 300
    assert segment(talk, 1101, 501, 1).reasons == []
    assert reasons(segment(talk, 1103, 501, 0)) == ["2 bytes more than expected"]


def test_scaled_windows(converse: Converse) -> None:
    """The windows of the SYNs are not scaled, the others are."""
    talk = established(converse(), options=tcp_options(window_scale(7)))
    assert sides(talk.entry) == ((101, 1101, 128000), (501, 128501, 1000))
    talk.server.tcp("A", 501, 101, window=WINDOW)
    assert sides(talk.entry)[0] == (101, 128101, 128000)
    assert talk.flow["tcp"]["wscale"] == [7, 7]


def test_a_large_window_lets_older_acknowledgments_pass(converse: Converse) -> None:
    talk = established(converse(), options=tcp_options(window_scale(7)))
    assert segment(talk, 101, 501 - 128000).reasons == []
    (text,) = reasons(segment(talk, 101, 501 - 128001))
    assert text.startswith(f"ignored ACK under lower bound {501 - 128001 + U32}")


@pytest.mark.parametrize(("client", "server"), [(True, False), (False, True), (False, False)])
def test_scaling_needs_both_sides(client: bool, server: bool, converse: Converse) -> None:
    talk = converse()
    offer = window_scale(7) + b"\x01"
    talk.client.tcp("S", 100, window=WINDOW, options=offer if client else b"")
    talk.server.tcp("SA", 500, 101, window=WINDOW, options=offer if server else b"")
    talk.client.tcp("A", 101, 501, window=WINDOW)
    assert talk.flow["tcp"]["wscale"] == [0, 0]
    assert sides(talk.entry)[1] == (501, 1501, 1000)


def test_selective_acknowledgments_count_where_they_were_permitted(converse: Converse) -> None:
    for permitted, state in ((sack_permitted(), "invalid"), (b"", "established")):
        talk = established(converse(), options=tcp_options(permitted))
        result = talk.server.tcp("A", 501, 101, window=WINDOW, options=tcp_options(sack((301, 401))))
        assert result.state == state
        assert reasons(result) == ([ACK_OVER.replace("502", "102")] if permitted else [])


def test_a_block_raises_the_window(converse: Converse) -> None:
    """Whoever got the later data can take a whole window from there."""
    talk = established(converse(), options=tcp_options(sack_permitted()))
    segment(talk, 101, 501, 100)
    segment(talk, 201, 501, 100)
    talk.server.tcp("A", 501, 101, window=WINDOW, options=tcp_options(sack((201, 301))))
    assert sides(talk.entry) == ((301, 1301, 1000), (501, 1501, 1200))


SEGMENTS = st.tuples(
    st.booleans(),
    st.sampled_from(["S", "SA", "A", "A", "PA", "FA"]),
    st.integers(-3000, 3000),
    st.integers(-3000, 3000),
    st.integers(0, 3000),
    st.integers(0, 200),
)


def history(registry: Registry, segments: list[tuple[bool, str, int, int, int, int]], shift: int) -> list[object]:
    talk = established(Conversation(registry), shift=shift)
    seen: list[object] = []
    for reply, flags, seq, ack, window, size in segments:
        party, own, peer = (talk.server, 501, 101) if reply else (talk.client, 101, 501)
        acked = peer + ack + shift if "A" in flags else 0
        result = party.tcp(flags, own + seq + shift, acked, window=window, data=b"x" * size)
        flow = None if result.entry is None else (talk.state, talk.timeout, talk.packets, talk.flow["tcp"])
        seen.append((result.state, result.direction, len(result.reasons), flow))
    return seen


@given(st.lists(SEGMENTS, min_size=1, max_size=8), st.integers(1, U32 - 1))
@settings(deadline=None, max_examples=40)
def test_sequence_numbers_go_around(
    registry: Registry, segments: list[tuple[bool, str, int, int, int, int]], shift: int
) -> None:
    """Where a flow lies in the space of sequence numbers makes no difference to it."""
    assert history(registry, segments, shift) == history(registry, segments, 0)
