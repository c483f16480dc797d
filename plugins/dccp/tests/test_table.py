"""Every cell of the documented table, reached by packets: what each side may send in each state, and where it leads."""

from __future__ import annotations

import pytest

from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import IPv4
from ctcore.testing.tunnels import dccp

HOSTS = IPv4("10.0.1.2", "10.0.2.2")
CLIENT, SERVER = 0, 1
TYPES = ("REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK")
STATES = ("NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT")
NAMES = dict(zip(("NO", "RQ", "RS", "PO", "OP", "CR", "CG", "TW"), STATES, strict=True))

# Written down a second time, from the description of the kernels that had it: state by state, as two people read it.
# For each state what the client's and the server's packets lead to, in the order of TYPES.
CELLS = {
    "NONE": ("RQ IV IV IV IV IV IV IV IV IV", "IV IV IV IV IV IV IV IV IV IV"),
    "REQUEST": ("RQ IG IV IV IV IV IV TW IG IG", "IG RS IV IV IV IV IV TW IG IG"),
    "RESPOND": ("RS IG IV PO PO IV IV TW IG IG", "IG RS IV IV IV IV IV TW IG IG"),
    "PARTOPEN": ("IG IG IV PO PO IV CG TW IG IG", "IG IG OP OP OP CR CG TW IG IG"),
    "OPEN": ("IG IG OP OP OP IV CG TW IG IG", "IG IG OP OP OP CR CG TW IG IG"),
    "CLOSEREQ": ("IG IG CR CR CR IV CG TW IG IG", "IG IG IV IV IV CR IV TW IG IG"),
    "CLOSING": ("IG IG CG CG CG IV IV TW IG IG", "IG IG CG CG CG CR CG TW IG IG"),
    "TIMEWAIT": ("RQ IV IV IV IV IV IV IG IG IG", "RQ IV IV IV IV IV IV TW IG IG"),
}

PATH = (
    ("REQUEST", CLIENT, "REQUEST"),
    ("RESPOND", SERVER, "RESPONSE"),
    ("PARTOPEN", CLIENT, "ACK"),
    ("OPEN", SERVER, "ACK"),
    ("CLOSEREQ", SERVER, "CLOSEREQ"),
    ("CLOSING", CLIENT, "CLOSE"),
    ("TIMEWAIT", SERVER, "RESET"),
)
TIMEOUTS = {
    "REQUEST": 240,
    "RESPOND": 480,
    "PARTOPEN": 480,
    "OPEN": 43200,
    "CLOSEREQ": 64,
    "CLOSING": 64,
    "TIMEWAIT": 240,
}


def packet(role: int, kind: str, seq: int = 1) -> bytes:
    ip, ports = (HOSTS, (5, 6)) if role == CLIENT else (HOSTS.back, (6, 5))
    acked = None if kind in ("REQUEST", "DATA") else 1
    return dccp(ip, *ports, TYPES.index(kind), seq, acked)


def reached(converse: Converse, state: str) -> Conversation:
    talk = converse()
    for place, role, kind in PATH:
        if state == "NONE":
            break
        talk.send(packet(role, kind))
        assert talk.state == place
        if place == state:
            break
    return talk


@pytest.mark.parametrize("role", [CLIENT, SERVER])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("state", [state for state in STATES if state != "NONE"])
def test_a_cell(state: str, kind: str, role: int, converse: Converse) -> None:
    talk = reached(converse, state)
    target = CELLS[state][role].split()[TYPES.index(kind)]
    before = talk.packets
    result = talk.send(packet(role, kind))
    if target == "IV":
        assert (result.state, result.reasons) == ("invalid", ["nf_ct_proto_33: nf_ct_dccp: invalid state transition"])
    elif target == "IG":
        assert result.reasons == ["nf_ct_proto_33: nf_ct_dccp: invalid packet ignored"]
        assert (talk.state, talk.packets) == (state, before)
    elif kind == "RESET" and state == "REQUEST":
        assert result.entry is None or [event["type"] for event in result.events] == ["DESTROY"]
        assert talk.entries == []  # refused: nobody had answered yet
    else:
        assert (talk.state, talk.timeout) == (NAMES[target], TIMEOUTS[NAMES[target]])
        assert sum(talk.packets) == sum(before) + 1


@pytest.mark.parametrize("kind", TYPES)
def test_what_opens_a_flow(kind: str, converse: Converse) -> None:
    result = converse().send(packet(CLIENT, kind))
    assert result.state == ("new" if CELLS["NONE"][CLIENT].split()[TYPES.index(kind)] == "RQ" else "invalid")


@pytest.mark.parametrize("loose", [0, 1])
def test_nothing_is_picked_up_in_the_middle(loose: int, converse: Converse) -> None:
    assert converse(nf_conntrack_dccp_loose=loose).send(packet(CLIENT, "DATAACK")).state == "invalid"


@pytest.mark.parametrize("state", [state for state in STATES if state != "NONE"])
def test_a_full_table_may_give_up_what_is_closing(state: str, converse: Converse) -> None:
    talk = reached(converse, state)
    assert talk.entry.l4.can_early_drop(talk.entry) == (state in ("CLOSEREQ", "CLOSING", "TIMEWAIT"))
