"""The life of an association: states, timeouts, ASSURED, events; every cell of both tables."""

from __future__ import annotations

import pytest

from ctcore import Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.sctp import ABORT, CHUNK_NAMES, ERROR, Association, chunk, data, init
from ctcore_sctp.states import INVALID, STATE_NAMES, transition

TALK = Association()
A_TAG, B_TAG = TALK.tags
OPEN = TALK.opening()
INIT_A, INIT_ACK_B, COOKIE_A, COOKIE_B = OPEN
HEARTBEAT_A, HEARTBEAT_ACK_B = TALK.heartbeat(), TALK.heartbeat_ack()
SHUTDOWN_A, SHUTDOWN_ACK_B, COMPLETE_A = TALK.closing()
SHUTDOWN_B, SHUTDOWN_ACK_A, _ = TALK.closing(1)


def a(vtag: int, *chunks: bytes) -> bytes:
    """A packet of the side that opens."""
    return TALK.send(0, *chunks, vtag=vtag)


def b(vtag: int, *chunks: bytes) -> bytes:
    """A packet of the other side."""
    return TALK.send(1, *chunks, vtag=vtag)


LIFE = (
    (INIT_A, "CLOSED", 10),
    (INIT_ACK_B, "COOKIE_WAIT", 3),
    (COOKIE_A, "COOKIE_ECHOED", 3),
    (COOKIE_B, "ESTABLISHED", 210),
    (a(B_TAG, data()), "ESTABLISHED", 210),
    (SHUTDOWN_A, "SHUTDOWN_SENT", 3),
    (SHUTDOWN_ACK_B, "SHUTDOWN_ACK_SENT", 3),
    (COMPLETE_A, "CLOSED", 10),
)


def fed(talk: Conversation, *packets: bytes) -> Result:
    for packet in packets:
        result = talk.send(packet)
    return result


def told(result: Result) -> list[tuple[str, str | None, bool]]:
    return [(event["type"], event["state"], "ASSURED" in event["status"]) for event in result.events]


def test_a_life(converse: Converse) -> None:
    talk = converse()
    for packet, state, timeout in LIFE:
        talk.send(packet)
        assert (talk.state, talk.timeout) == (state, timeout)
    assert talk.packets == (5, 3)


def test_its_events(converse: Converse) -> None:
    talk = converse()
    assert [told(talk.send(packet)) for packet, *_ in LIFE] == [
        [("NEW", "CLOSED", False)],
        [("UPDATE", "COOKIE_WAIT", False)],
        [("UPDATE", "COOKIE_ECHOED", False)],
        [("UPDATE", "ESTABLISHED", True)],
        [],
        [("UPDATE", "SHUTDOWN_SENT", True)],
        [("UPDATE", "SHUTDOWN_ACK_SENT", True)],
        [("UPDATE", "CLOSED", True)],
    ]


def test_the_other_side_ends_it(converse: Converse) -> None:
    talk = converse()
    fed(talk, *OPEN, SHUTDOWN_B)
    assert (talk.state, talk.timeout) == ("SHUTDOWN_RECD", 3)
    fed(talk, SHUTDOWN_ACK_A)
    assert talk.state == "SHUTDOWN_ACK_SENT"


def test_a_path_is_tried(converse: Converse) -> None:
    """Another path of an association has no INIT: a HEARTBEAT and its answer are enough."""
    talk = converse()
    assert talk.send(HEARTBEAT_A).state == "new"
    assert (talk.state, talk.timeout) == ("HEARTBEAT_SENT", 30)
    talk.send(HEARTBEAT_ACK_B)
    assert (talk.state, talk.timeout, "ASSURED" in talk.status) == ("ESTABLISHED", 210, True)
    assert talk.flow["sctp"]["vtag"] == [B_TAG, A_TAG]


@pytest.mark.parametrize(("kind", "state"), [(ABORT, "CLOSED"), (ERROR, "CLOSED")])
def test_a_refusal(kind: int, state: str, converse: Converse) -> None:
    talk = converse()
    fed(talk, INIT_A, b(A_TAG, chunk(kind)))
    assert (talk.state, talk.timeout, talk.packets) == (state, 10, (1, 1))


def test_a_stale_cookie(converse: Converse) -> None:
    talk = converse()
    fed(talk, INIT_A, INIT_ACK_B, COOKIE_A, b(A_TAG, chunk(ERROR, bytes(8))))
    assert talk.state == "CLOSED"


REACH = {
    "CLOSED": (INIT_A,),
    "COOKIE_WAIT": OPEN[:2],
    "COOKIE_ECHOED": OPEN[:3],
    "ESTABLISHED": OPEN,
    "SHUTDOWN_SENT": (*OPEN, SHUTDOWN_A),
    "SHUTDOWN_RECD": (*OPEN, SHUTDOWN_B),
    "SHUTDOWN_ACK_SENT": (*OPEN, SHUTDOWN_A, SHUTDOWN_ACK_B),
    "HEARTBEAT_SENT": (HEARTBEAT_A,),
}


@pytest.mark.parametrize("direction", [0, 1])
@pytest.mark.parametrize("kind", [kind for kind in CHUNK_NAMES if kind not in (0, 3)])
@pytest.mark.parametrize("state", REACH)
def test_every_cell_is_where_a_packet_leads(state: str, kind: int, direction: int, converse: Converse) -> None:
    talk = converse()
    fed(talk, *REACH[state])
    assert talk.state == state
    sctp = talk.entry.proto
    tag = 0 if kind == 1 else sctp.vtag[direction]
    offered = sctp.vtag[1 - direction] or 5
    body = init(offered, kind) if kind in (1, 2) else chunk(kind, bytes(8))
    result = talk.send((b if direction else a)(tag, body))
    expected = transition(direction, kind, STATE_NAMES.index(state))
    if expected == INVALID:
        assert (result.state, talk.conntrack.net.stat.invalid) == ("invalid", 1)
        name = f"Invalid, old_state {STATE_NAMES.index(state)}, dir {direction}, type {kind}"
        assert result.reasons == [f"nf_ct_proto_132: {name}"]
    else:
        assert result.state == "established" if direction else "new"
        assert STATE_NAMES[sctp.state] == STATE_NAMES[expected]


@pytest.mark.parametrize("state", REACH)
def test_a_full_table_may_give_up_what_is_shutting_down(state: str, converse: Converse) -> None:
    talk = converse()
    fed(talk, *REACH[state])
    assert talk.entry.l4.can_early_drop(talk.entry) == state.startswith("SHUTDOWN")
