"""QUIZ: what may come when, what it does to the flow, and that no bytes whatever upset it."""

from __future__ import annotations

import pytest
from ctcore_quiz import ANSWER, GOODBYE, IPPROTO_QUIZ, QUESTION, QUIZ
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Registry, Result
from ctcore.testing.conformance import check_any_bytes, check_cuts
from ctcore.testing.conversation import Conversation
from ctcore.testing.packets import IPv4
from ctcore.testing.strategies import mixed

THERE = IPv4("192.0.2.1", "192.0.2.2")
KINDS = {"Q": QUESTION, "A": ANSWER, "G": GOODBYE}


def packet(word: str) -> bytes:
    """``"> Q"`` is a question from him who began, ``"< A"`` an answer to him."""
    there, kind = word[0] == ">", KINDS[word[-1]]
    source, dest = (1000, 7) if there else (7, 1000)
    return (THERE if there else THERE.back).packet(
        IPPROTO_QUIZ, QUIZ.build(source=source, dest=dest, kind=kind, score=0)
    )


def talk(words: str) -> tuple[Conversation, Result]:
    """Have a conversation; the words are separated by commas. Returns it and what became of its last packet."""
    conversation = Conversation()
    for word in words.split(","):
        result = conversation.send(packet(word))
    return conversation, result


@pytest.mark.parametrize(
    ("words", "state", "timeout"),
    [
        (">Q", "ASKED", 30),
        (">Q,>Q", "ASKED", 30),
        (">Q,<A", "ANSWERED", 600),
        (">Q,<A,<A", "ANSWERED", 600),
        (">Q,<A,>Q", "ASKED", 30),
        (">Q,>G", "OVER", 5),
        (">Q,<A,<G,>G", "OVER", 5),
    ],
)
def test_states(words: str, state: str, timeout: int) -> None:
    conversation, result = talk(words)
    assert (conversation.state, conversation.timeout) == (state, timeout)
    assert result.reasons == []
    assert ("ASSURED" in conversation.status) == ("<A" in words)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (">A", "kind 2 cannot open a flow"),
        (">Q,<Q", "kind 1 in direction reply, state ASKED"),
        (">Q,<A,>A", "kind 2 in direction original, state ANSWERED"),
        (">Q,>G,>Q", "kind 1 in direction original, state OVER"),
    ],
)
def test_invalid(words: str, reason: str) -> None:
    _, result = talk(words)
    assert (result.state, result.reasons) == ("invalid", [f"nf_ct_proto_253: {reason}"])


def test_whole_headers_only() -> None:
    check_cuts(Registry.load(strict=True), packet(">Q"))


@given(mixed(st.sampled_from(["> Q", "< A", "> G"]).map(packet), IPPROTO_QUIZ))
def test_any_bytes(packets: list[bytes]) -> None:
    check_any_bytes(Registry.load(strict=True), packets)
