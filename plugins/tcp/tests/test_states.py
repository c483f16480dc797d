"""The state machine: the table once more, apart from the plugin's own, and each cell with real segments."""

from __future__ import annotations

from itertools import product

import pytest

from ctcore import Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore_tcp.states import STATE_NAMES, TRANSITIONS

NAMES = "NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2"
STATES = NAMES.split()
KINDS = ["syn", "synack", "fin", "ack", "rst", "none"]
CODES = ["NO", "SS", "SR", "ES", "FW", "CW", "LA", "TW", "CL", "S2", "IV", "IG"]

TABLE = """
original syn     SS SS IG IG IG IG IG SS SS S2
original synack  IV IV SR IV IV IV IV IV IV SR
original fin     IV IV FW FW LA LA LA TW CL IV
original ack     ES IV ES ES CW CW TW TW CL IV
original rst     IV CL CL CL CL CL CL CL CL CL
original none    IV IV IV IV IV IV IV IV IV IV
reply    syn     IV S2 IV IV IV IV IV SS IV S2
reply    synack  IV SR IG IG IG IG IG IG IG SR
reply    fin     IV IV FW FW LA LA LA TW CL IV
reply    ack     IV IG SR ES CW CW TW TW CL IG
reply    rst     IV CL CL CL CL CL CL CL CL CL
reply    none    IV IV IV IV IV IV IV IV IV IV
"""
ROWS = {(row.split()[0], row.split()[1]): row.split()[2:] for row in TABLE.split("\n") if row}
CELLS = [(*way, state) for way, state in product(ROWS, STATES)]

FLAGS = {"syn": "S", "synack": "SA", "fin": "FA", "ack": "A", "rst": "R", "none": "P"}

# The segments that lead from state to state, up to TIME_WAIT; then what leads away from that path.
PATH = [
    "> S 100 0",
    "< SA 500 101",
    "> A 101 501",
    "> FA 101 501",
    "< A 501 102",
    "< FA 501 102",
    "> A 102 502",
]
SIDEWAYS = {
    "CLOSE": ("ESTABLISHED", "> R 101 0"),
    "SYN_SENT2": ("SYN_SENT", "< S 500 0"),
}

# What each end sends next: sequence number of a SYN, of anything else, and acknowledgment. A FIN that was
# sent is sent again.
NUMBERS = {"original": (100, 101, 501), "reply": (500, 501, 101)}


def code_at(direction: str, kind: str, state: str) -> str:
    return ROWS[direction, kind][STATES.index(state)]


def name_of(code: str) -> str:
    return STATES[CODES.index(code)]


def reach(talk: Conversation, state: str) -> None:
    base, last = SIDEWAYS.get(state, (state, ""))
    steps = PATH[: STATES.index(base)] + ([last] if last else [])
    talk.tcp("; ".join(steps))
    assert talk.state == state


def probe(talk: Conversation, direction: str, kind: str, state: str) -> Result:
    party = talk.client if direction == "original" else talk.server
    syn, seq, ack = NUMBERS[direction]
    if kind in ("syn", "synack"):
        seq = syn
    return party.tcp(FLAGS[kind], seq, 0 if kind in ("syn", "rst") else ack)


def test_the_table_is_whole() -> None:
    assert list(STATE_NAMES) == STATES
    assert len(CELLS) == 2 * 6 * 10
    assert all(len(row) == 10 for row in ROWS.values())


@pytest.mark.parametrize(("direction", "kind", "state"), CELLS, ids="-".join)
def test_table(direction: str, kind: str, state: str) -> None:
    row = ("original", "reply").index(direction) * len(KINDS) + KINDS.index(kind)
    assert CODES[TRANSITIONS[row * len(STATES) + STATES.index(state)]] == code_at(direction, kind, state)


OPEN = [cell for cell in CELLS if cell[2] != "NONE"]


@pytest.mark.parametrize(("direction", "kind", "state"), OPEN, ids="-".join)
def test_cell(direction: str, kind: str, state: str, converse: Converse) -> None:
    """A segment in the window does what the table says, and there is a reason where it does nothing."""
    talk = converse()
    reach(talk, state)
    before = talk.flow
    result = probe(talk, direction, kind, state)
    code = code_at(direction, kind, state)
    where = f"packet (index {KINDS.index(kind)}) in dir {int(direction == 'reply')}"
    if kind == "none":
        assert result.reasons == ["nf_ct_proto_6: invalid tcp flag combination"]
        assert (result.state, talk.flow) == ("invalid", before)
    elif code == "IV":
        assert result.reasons == [f"nf_ct_proto_6: {where} invalid, state {state}"]
        assert (result.state, talk.flow) == ("invalid", before)
    elif code == "IG":
        assert result.reasons == [f"nf_ct_proto_6: {where} ignored, state {state}"]
        assert result.state == "established"
        assert {**talk.flow, "status": 0} == {**before, "status": 0}
    elif code == "SS" and state in ("TIME_WAIT", "CLOSE"):
        assert (result.state, result.direction) == ("new", "original")
        assert (talk.state, talk.packets) == ("SYN_SENT", (1, 0))
        assert talk.flow["id"] != before["id"]
        assert talk.flow["original"]["sport"] == (40000 if direction == "original" else 80)
    elif kind == "rst" and state == "SYN_SENT":
        assert result.entry is None
        assert result.state == ("new" if direction == "original" else "established")
        assert talk.entries == []
        assert [event["type"] for event in result.events] == ["DESTROY"]
    else:
        assert result.state == ("new" if (direction, state) == ("original", "SYN_SENT") else "established")
        assert talk.state == name_of(code)
        assert not result.reasons


# The timeouts of the states, in seconds.
TIMEOUTS = {
    "SYN_SENT": 120,
    "SYN_RECV": 60,
    "ESTABLISHED": 432000,
    "FIN_WAIT": 120,
    "CLOSE_WAIT": 60,
    "LAST_ACK": 30,
    "TIME_WAIT": 120,
    "CLOSE": 10,
    "SYN_SENT2": 120,
}


@pytest.mark.parametrize("state", TIMEOUTS)
def test_timeout(state: str, converse: Converse) -> None:
    """A flow that nothing happens to any more dies at the timeout of its state, not before."""
    talk = converse()
    reach(talk, state)
    assert talk.timeout == TIMEOUTS[state]
    entry = talk.entry
    talk.wait(TIMEOUTS[state] - 1e-6)
    talk.send(talk.client.ip.tcp(1, 2, "S"))
    assert entry in talk.entries
    talk.wait(1e-6)
    talk.send(talk.client.ip.tcp(1, 2, "S"))
    assert entry not in talk.entries


FIRST = {"syn": "SYN_SENT", "ack": "ESTABLISHED"}


@pytest.mark.parametrize("kind", KINDS)
def test_first_segment(kind: str, converse: Converse) -> None:
    """A SYN opens a flow, an ACK picks one up, nothing else does."""
    talk = converse()
    result = probe(talk, "original", kind, "NONE")
    if kind in FIRST:
        assert (result.state, talk.state) == ("new", FIRST[kind])
    else:
        flaw = "invalid tcp flag combination" if kind == "none" else "invalid new"
        assert (result.state, result.reasons) == ("invalid", [f"nf_ct_proto_6: {flaw}"])
        assert (result.entry, talk.entries, talk.conntrack.net.table.count) == (None, [], 0)
        assert talk.count("invalid") == 1
