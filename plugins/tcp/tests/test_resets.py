"""Resets: which of them end a flow, which shorten its life, which are INVALID."""

from __future__ import annotations

import pytest

from ctcore import Result
from ctcore.testing.fixtures import Converse


def reasons(result: Result) -> list[str]:
    return [text.removeprefix("nf_ct_proto_6: ") for text in result.reasons]


def events(result: Result) -> list[tuple[str, str]]:
    return [(event["type"], event["state"]) for event in result.events]


HANDSHAKE = "> S 100 0; < SA 500 101; > A 101 501"
FINS = f"{HANDSHAKE}; > FA 101 501; < FA 501 102"


# After the handshake the server has acknowledged 101; a reset of the client's must be exact.


def test_a_reset_at_the_acknowledged_number_closes(converse: Converse) -> None:
    talk = converse()
    result = talk.tcp(f"{HANDSHAKE}; > R 101 0")
    assert (talk.state, talk.timeout, talk.packets, result.reasons) == ("CLOSE", 10, (3, 1), [])


@pytest.mark.parametrize("seq", [0, 100, 101 - 2**31])
@pytest.mark.parametrize("liberal", [0, 1])
def test_a_reset_behind_it_is_invalid(seq: int, liberal: int, converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_be_liberal=liberal)
    result = talk.tcp(f"{HANDSHAKE}; > R {seq} 0")
    assert (result.state, reasons(result)) == ("invalid", ["invalid rst"])
    assert (talk.state, talk.timeout, talk.packets) == ("ESTABLISHED", 432000, (2, 1))


def test_a_reset_behind_it_may_be_let_pass(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_ignore_invalid_rst=1)
    result = talk.tcp(f"{HANDSHAKE}; > R 100 0")
    assert (result.state, result.reasons) == ("established", [])
    assert (talk.state, talk.timeout, talk.packets) == ("ESTABLISHED", 10, (3, 1))


def test_a_reset_beyond_it_only_shortens_the_timeout(converse: Converse) -> None:
    """It may be a guess; if it is not, the flow is soon gone."""
    talk = converse()
    result = talk.tcp(f"{HANDSHAKE}; > R 102 0")
    assert (result.state, result.reasons) == ("established", [])
    assert (talk.state, talk.timeout, talk.packets) == ("ESTABLISHED", 10, (3, 1))
    talk.tcp("< A 501 101")  # which is not all that the client has sent, by the reset's account
    assert (talk.state, talk.timeout) == ("ESTABLISHED", 300)


def test_a_reset_straight_after_data_closes(converse: Converse) -> None:
    """The data was not acknowledged yet, but the reset follows it."""
    talk = converse()
    talk.tcp(HANDSHAKE)
    talk.client.tcp("PA", 101, 501, data=b"0123456789")
    talk.tcp("> R 111 0")
    assert (talk.state, talk.timeout) == ("CLOSE", 10)


def test_a_reset_after_data_that_the_server_answered_does_not(converse: Converse) -> None:
    talk = converse()
    talk.tcp(HANDSHAKE)
    talk.client.tcp("PA", 101, 501, data=b"0123456789")
    talk.tcp("< A 501 101; > R 111 0")
    assert (talk.state, talk.timeout) == ("ESTABLISHED", 10)


def test_a_reset_out_of_the_window_is_invalid(converse: Converse) -> None:
    result = converse().tcp(f"{HANDSHAKE}; > R 999999 0")
    assert reasons(result) == ["SEQ is over upper bound 65637 (over the window of the receiver)"]


CLOSING = {
    "FIN_WAIT": f"{HANDSHAKE}; > FA 101 501",
    "CLOSE_WAIT": f"{HANDSHAKE}; > FA 101 501; < A 501 102",
    "LAST_ACK": FINS,
    "TIME_WAIT": f"{FINS}; > A 102 502",
    "CLOSE": f"{HANDSHAKE}; > R 101 0",
}


@pytest.mark.parametrize("reset", ["> R 0 0", "> RA 77777777 5", "< R 4000000000 0"])
@pytest.mark.parametrize("state", CLOSING)
def test_any_reset_ends_a_closing_flow(state: str, reset: str, converse: Converse) -> None:
    talk = converse()
    talk.tcp(CLOSING[state])
    assert talk.state == state
    assert (talk.tcp(reset).reasons, talk.state, talk.timeout) == ([], "CLOSE", 10)


def test_a_reset_of_a_half_open_flow_is_checked_against_the_window(converse: Converse) -> None:
    half_open = "> S 100 0; < SA 500 101"
    for seq, state in (
        (101, "CLOSE"),
        (102, "CLOSE"),
        (0, "CLOSE"),
        (100, "invalid rst"),
        (999999, "SEQ is over"),
    ):
        talk = converse()
        result = talk.tcp(f"{half_open}; > R {seq} 0")
        if state == "CLOSE":
            assert (talk.state, talk.timeout, result.reasons) == ("CLOSE", 10, [])
        else:
            assert reasons(result)[0].startswith(state)


@pytest.mark.parametrize("refusal", ["< RA 0 101", "< RA 77 101", "< R 0 0"])
def test_a_refusal_ends_the_flow_at_once(refusal: str, converse: Converse) -> None:
    talk = converse()
    result = talk.tcp(f"> S 100 0; {refusal}")
    assert (result.state, result.direction, result.entry) == ("established", "reply", None)
    assert (talk.entries, talk.conntrack.net.table.count) == ([], 0)
    assert events(result) == [("DESTROY", "CLOSE")]
    (destroyed,) = result.events
    assert (destroyed["original"]["packets"], destroyed["reply"]["packets"]) == (1, 1)
    assert "SEEN_REPLY" not in destroyed["status"]


def test_a_refusal_of_what_was_not_asked(converse: Converse) -> None:
    result = converse().tcp("> S 100 0; < RA 0 5000")
    assert reasons(result) == ["ACK is over upper bound 102 (ACKed data not seen yet)"]


def test_a_reset_that_answers_an_ignored_syn(converse: Converse) -> None:
    """From the other direction and for this very SYN; the SYN's own side is held to the window."""
    ignored = f"{HANDSHAKE}; > S 9000 0"
    talk = converse()
    talk.tcp(f"{ignored}; < RA 0 9001")
    assert (talk.state, talk.timeout, talk.packets) == ("CLOSE", 10, (2, 2))
    assert converse().tcp(f"{ignored}; < RA 4000000000 9002").state == "invalid"
    assert converse().tcp(f"{ignored}; > RA 77777777 9001").state == "invalid"


def test_the_client_resets_what_a_challenge_acknowledged(converse: Converse) -> None:
    """A SYN met an old connection of the server's, whose ACK is ignored; the reset has its number."""
    for seq, state in ((5_000_000, "CLOSE"), (5_000_001, "invalid")):
        talk = converse()
        assert "ignored" in talk.tcp("> S 100 0; < A 999 5000000").reasons[0]
        result = talk.tcp(f"> R {seq} 0")
        assert (talk.state if state == "CLOSE" else result.state) == state
