"""Verification tags: who must use which, how they are learnt, and INITs that come again or collide."""

from __future__ import annotations

import pytest

from ctcore import Result
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.sctp import (
    ABORT,
    COOKIE_ACK,
    COOKIE_ECHO,
    HEARTBEAT,
    HEARTBEAT_ACK,
    SACK,
    SHUTDOWN_ACK,
    SHUTDOWN_COMPLETE,
    Association,
    chunk,
    data,
    init,
    init_ack,
)

TALK = Association()
A_TAG, B_TAG = TALK.tags
OPEN = TALK.opening()
INIT_A, INIT_ACK_B, COOKIE_A, COOKIE_B = OPEN
HEARTBEAT_A, HEARTBEAT_ACK_B = TALK.heartbeat(), TALK.heartbeat_ack()


def a(vtag: int, *chunks: bytes) -> bytes:
    """A packet of the side that opens."""
    return TALK.send(0, *chunks, vtag=vtag)


def b(vtag: int, *chunks: bytes) -> bytes:
    """A packet of the other side."""
    return TALK.send(1, *chunks, vtag=vtag)


def fed(talk: Conversation, *packets: bytes) -> Result:
    for packet in packets:
        result = talk.send(packet)
    return result


OTHER = 0xCCCC


def test_another_tag_is_invalid_and_logged_as_it_lies_in_memory(converse: Converse) -> None:
    talk = converse()
    fed(talk, *OPEN)
    result = talk.send(a(OTHER, data()))
    text = "nf_ct_proto_132: verification tag check failed cccc0000 vs bbbb0000 for dir 0"
    assert (result.state, result.reasons) == ("invalid", [text])
    assert fed(talk, a(B_TAG, data())).state == "established"
    assert talk.packets == (3, 2)


GOOD_TAGS = [
    (a(B_TAG, chunk(ABORT)), True),
    (a(A_TAG, chunk(ABORT)), False),
    (a(A_TAG, chunk(ABORT, flags=1)), True),
    (a(B_TAG, chunk(ABORT, flags=1)), False),
    (b(A_TAG, chunk(SHUTDOWN_COMPLETE)), True),
    (b(B_TAG, chunk(SHUTDOWN_COMPLETE)), False),
    (b(B_TAG, chunk(SHUTDOWN_COMPLETE, flags=1)), True),
    (a(B_TAG, chunk(COOKIE_ECHO)), True),
    (a(A_TAG, chunk(COOKIE_ECHO)), False),
    (a(OTHER, chunk(SHUTDOWN_ACK)), True),  # any tag will do
    (a(OTHER, chunk(COOKIE_ACK)), False),
    (a(B_TAG, init(A_TAG)), False),  # an INIT bears none
]


@pytest.mark.parametrize(("packet", "good"), GOOD_TAGS)
def test_which_tag_a_chunk_wants(packet: bytes, good: bool, converse: Converse) -> None:
    talk = converse()
    fed(talk, *OPEN)
    result = talk.send(packet)
    assert (result.state == "established") == good
    assert bool(result.reasons) != good


def test_an_init_that_comes_again_is_not_counted(converse: Converse) -> None:
    talk = converse()
    talk.send(INIT_A)
    talk.wait(4)
    assert talk.send(INIT_A).state == "new"
    assert (talk.packets, talk.timeout) == ((1, 0), 6)


def test_a_restart_offers_a_new_tag(converse: Converse) -> None:
    talk = converse()
    fed(talk, *OPEN, a(0, init(OTHER)))
    assert talk.flow["sctp"]["vtag"] == [B_TAG, OTHER]
    assert fed(talk, b(A_TAG, data())).state == "invalid"
    assert fed(talk, b(OTHER, data())).state == "established"


def test_an_init_ack_cannot_change_a_settled_tag(converse: Converse) -> None:
    talk = converse()
    fed(talk, *OPEN)
    assert fed(talk, b(A_TAG, init_ack(OTHER))).state == "invalid"
    assert fed(talk, b(A_TAG, init_ack(B_TAG))).state == "established"


def test_inits_that_collide(converse: Converse) -> None:
    """Both sides send an INIT; then an INIT_ACK may not offer another tag than its sender's INIT did."""
    talk = converse()
    fed(talk, INIT_A, b(0, init(B_TAG)))
    assert talk.flow["sctp"]["vtag"] == [B_TAG, A_TAG]
    assert fed(talk, b(A_TAG, init_ack(OTHER))).state == "invalid"
    assert fed(talk, b(A_TAG, init_ack(B_TAG))).state == "established"
    fed(talk, COOKIE_A, COOKIE_B)
    assert talk.state == "ESTABLISHED"


def test_a_collision_is_over_with_the_cookie(converse: Converse) -> None:
    """Shrunk from a find of the fuzzer: COOKIE_ACK forgets who sent an INIT."""
    talk = converse()
    fed(talk, INIT_A, b(A_TAG, chunk(COOKIE_ACK), chunk(SACK, bytes(12))), b(0, init(A_TAG)))
    assert fed(talk, a(A_TAG, init_ack(1))).state in ("established", "new")
    assert talk.flow["sctp"]["vtag"] == [A_TAG, 1]


def test_a_heartbeat_with_another_tag_waits_for_its_answer(converse: Converse) -> None:
    talk = converse()
    fed(talk, HEARTBEAT_A, HEARTBEAT_ACK_B)
    before = talk.packets
    assert fed(talk, a(OTHER, chunk(HEARTBEAT, bytes(8)))).state == "established"
    assert talk.packets == before  # let pass, not counted
    assert talk.flow["sctp"]["vtag"] == [B_TAG, A_TAG]
    assert fed(talk, b(7, chunk(HEARTBEAT_ACK, bytes(8)))).state == "established"
    assert talk.flow["sctp"]["vtag"] == [0, 7]
    fed(talk, a(OTHER, chunk(HEARTBEAT, bytes(8))))
    assert talk.flow["sctp"]["vtag"] == [OTHER, 7]


@pytest.mark.parametrize(
    "packet",
    [
        b(7, chunk(HEARTBEAT_ACK, bytes(8))),  # nobody asked with another tag
        a(OTHER, chunk(HEARTBEAT, bytes(8)), data()),
        a(OTHER, chunk(HEARTBEAT, bytes(8)), chunk(HEARTBEAT, bytes(8))),
    ],
)
def test_a_heartbeat_that_is_not_believed(packet: bytes, converse: Converse) -> None:
    talk = converse()
    fed(talk, HEARTBEAT_A, HEARTBEAT_ACK_B)
    assert fed(talk, packet).state == "invalid"


def test_the_right_tag_ends_the_doubt(converse: Converse) -> None:
    talk = converse()
    fed(talk, HEARTBEAT_A, HEARTBEAT_ACK_B, a(OTHER, chunk(HEARTBEAT, bytes(8))), HEARTBEAT_A)
    assert fed(talk, b(7, chunk(HEARTBEAT_ACK, bytes(8)))).state == "invalid"


def test_what_earlier_chunks_did_remains(converse: Converse) -> None:
    talk = converse()
    fed(talk, INIT_A, INIT_ACK_B)
    result = fed(talk, a(B_TAG, chunk(COOKIE_ECHO, b"cookie.."), chunk(ABORT, flags=1)))
    assert result.state == "invalid"
    assert fed(talk, b(A_TAG, chunk(SACK, bytes(12)))).state == "established"
    assert talk.state == "COOKIE_ECHOED"
