"""The turns that need more than the table: ignored segments and their answers, opening again, moving on."""

from __future__ import annotations

import pytest

from ctcore import Result
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import sack_permitted, tcp_options, window_scale


def reasons(result: Result) -> list[str]:
    return [text.removeprefix("nf_ct_proto_6: ") for text in result.reasons]


def events(result: Result) -> list[tuple[str, str]]:
    return [(event["type"], event["state"]) for event in result.events]


HANDSHAKE = "> S 100 0; < SA 500 101; > A 101 501"
FINS = f"{HANDSHAKE}; > FA 101 501; < FA 501 102"


# Ignored SYNs.


def test_a_challenge_ack_does_not_finish_closing(converse: Converse) -> None:
    talk = converse()
    talk.tcp(f"{FINS}; > S 90000 0")
    result = talk.tcp("< A 502 102")
    assert (result.state, reasons(result)) == ("established", ["challenge-ack ignored"])
    assert (talk.state, talk.timeout, talk.packets) == ("LAST_ACK", 30, (3, 2))
    talk.tcp("< A 502 102")
    assert talk.state == "TIME_WAIT"


def test_without_a_syn_before_it_is_no_challenge(converse: Converse) -> None:
    talk = converse()
    assert talk.tcp(f"{FINS}; < A 502 102").reasons == []
    assert talk.state == "TIME_WAIT"


def test_the_answer_to_an_ignored_syn_begins_anew(converse: Converse) -> None:
    talk = converse()
    talk.tcp(HANDSHAKE)
    client = tcp_options(window_scale(3), sack_permitted())
    ignored = talk.client.tcp("S", 70000, window=2000, options=client)
    assert reasons(ignored) == ["packet (index 0) in dir 0 ignored, state ESTABLISHED"]
    talk.server.tcp("SA", 80000, 70001, window=3000, options=tcp_options(window_scale(4)))
    assert (talk.state, talk.timeout, talk.packets) == ("SYN_RECV", 60, (2, 2))
    assert "ASSURED" in talk.status
    assert talk.flow["tcp"] == {"wscale": [3, 4], "flags": [0x03, 0x21]}
    original, reply = talk.entry.proto.side(0), talk.entry.proto.side(1)
    assert (original.end, original.maxend, original.maxwin) == (70001, 73001, 2000)
    assert (reply.end, reply.maxend, reply.maxwin) == (80001, 80001, 3000)
    talk.tcp("> A 70001 80001")
    assert (talk.state, talk.timeout) == ("ESTABLISHED", 432000)


@pytest.mark.parametrize("answer", ["< SA 80000 70002", "< SA 80000 101", "< SA 80000 0"])
def test_another_answer_does_not(answer: str, converse: Converse) -> None:
    talk = converse()
    result = talk.tcp(f"{HANDSHAKE}; > S 70000 0; {answer}")
    assert reasons(result) == ["packet (index 1) in dir 1 ignored, state ESTABLISHED"]
    assert (talk.state, talk.packets) == ("ESTABLISHED", (2, 1))


def test_a_segment_in_between_makes_the_syn_forgotten(converse: Converse) -> None:
    talk = converse()
    result = talk.tcp(f"{HANDSHAKE}; > S 70000 0; > A 101 501; < SA 80000 70001")
    assert (len(result.reasons), talk.state) == (1, "ESTABLISHED")


def test_an_ignored_answer_makes_the_flow_replied(converse: Converse) -> None:
    talk = converse()
    talk.tcp("> S 100 0; < A 999 55")
    assert (talk.state, talk.packets, talk.timeout) == ("SYN_SENT", (1, 0), 120)
    assert "SEEN_REPLY" in talk.status
    assert talk.tcp("> S 100 0").state == "established"


def test_a_syn_again_is_not_counted(converse: Converse) -> None:
    talk = converse()
    talk.tcp("> S 100 0")
    talk.wait(3)
    assert talk.tcp("> S 100 0").state == "new"
    assert (talk.packets, talk.timeout) == ((1, 0), 117)


def test_a_syn_and_ack_again_is_not_counted(converse: Converse) -> None:
    talk = converse()
    talk.tcp("> S 100 0; < SA 500 101")
    talk.wait(3)
    assert reasons(talk.tcp("< SA 500 101")) == ["packet (index 1) in dir 1 ignored, state SYN_RECV"]
    assert (talk.packets, talk.timeout) == ((1, 1), 57)


# Both ends at once.


def test_simultaneous_open(converse: Converse) -> None:
    talk = converse()
    talk.tcp("> S 100 0; < S 700 0")
    assert (talk.state, talk.timeout, talk.packets) == ("SYN_SENT2", 120, (1, 0))
    talk.tcp("> SA 100 701; < A 701 101")
    assert (talk.state, talk.timeout, talk.packets) == ("ESTABLISHED", 432000, (2, 1))


# Opening again what has ended.

ENDED_BY_FIN = f"{FINS}; > A 102 502"
ENDED_BY_CLIENT = f"{HANDSHAKE}; > R 101 0"
ENDED_BY_SERVER = f"{HANDSHAKE}; < R 501 0"


@pytest.mark.parametrize("ended", [ENDED_BY_FIN, ENDED_BY_CLIENT, f"{ENDED_BY_FIN}; < R 502 0"])
def test_a_syn_opens_an_ended_flow_again(ended: str, converse: Converse) -> None:
    talk = converse()
    talk.tcp(ended)
    old, state = talk.entry, talk.state
    result = talk.tcp("> S 9000 0")
    assert (result.state, talk.state, talk.packets) == ("new", "SYN_SENT", (1, 0))
    assert talk.entries == [talk.entry] != [old]
    assert events(result) == [("DESTROY", state), ("NEW", "SYN_SENT")]
    assert talk.conntrack.net.table.count == 1
    assert talk.count("invalid") == 0


def test_the_server_opens_again(converse: Converse) -> None:
    """Which it may after TIME_WAIT: the flow is then one the other way round."""
    talk = converse()
    talk.tcp(ENDED_BY_FIN)
    result = talk.tcp("< S 9000 0")
    assert (result.state, result.direction, talk.flow["original"]["src"]) == ("new", "original", "10.0.2.2")


def test_after_the_peers_reset_a_syn_is_ignored(converse: Converse) -> None:
    talk = converse()
    talk.tcp(ENDED_BY_SERVER)
    old = talk.entry
    assert reasons(talk.tcp("> S 5000 0")) == ["packet (index 0) in dir 0 ignored, state CLOSE"]
    assert (talk.state, talk.timeout, talk.packets) == ("CLOSE", 10, (2, 2))
    talk.tcp("< SA 1 5001")
    assert (talk.state, talk.timeout, talk.packets) == ("SYN_RECV", 60, (2, 3))
    assert talk.entry is old
    assert "ASSURED" in talk.status


# FIN or reset out of the window, one in each direction.


def lowered(kind: int, direction: int, before: int) -> str:
    return f"packet (index {kind}, dir {direction}) response for index {before} lower timeout to 75000"


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        ("> FA 999999 501", "< FA 999999 101", lowered(2, 1, 2)),
        ("< FA 999999 101", "> FA 999999 501", lowered(2, 0, 2)),
        ("> FA 999999 501", "< R 999999 0", lowered(4, 1, 2)),
        ("> R 999999 0", "< FA 999999 101", lowered(2, 1, 4)),
    ],
)
def test_the_flow_moved_on_without_us(first: str, second: str, text: str, converse: Converse) -> None:
    talk = converse()
    assert len(talk.tcp(f"{HANDSHAKE}; {first}").reasons) == 1
    assert talk.timeout == 432000
    result = talk.tcp(second)
    assert (result.state, reasons(result)[1:]) == ("invalid", [text])
    assert (talk.state, talk.timeout, talk.packets) == ("ESTABLISHED", 300, (2, 1))


def test_once_or_twice_from_the_same_side_means_nothing(converse: Converse) -> None:
    talk = converse()
    talk.tcp(f"{HANDSHAKE}; > FA 999999 501; > FA 999999 501")
    assert talk.timeout == 432000


def test_a_flow_that_has_little_time_left_keeps_it(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_timeout_unacknowledged=50)
    talk.tcp(HANDSHAKE)
    talk.wait(432000 - 119)
    talk.tcp("> FA 999999 501; < FA 999999 101")
    assert talk.timeout == 119


def test_only_an_assured_flow_is_cut(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_timeout_syn_recv=200, nf_conntrack_tcp_timeout_unacknowledged=130)
    talk.tcp("> S 100 0; < SA 500 101; > FA 999999 501; < FA 999999 101")
    assert (talk.state, talk.timeout) == ("SYN_RECV", 200)
