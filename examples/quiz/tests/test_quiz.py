"""QUIZ: what may come when, what it does to the flow, and that no bytes whatever upset it."""

from __future__ import annotations

import pytest
from ctcore import Result
from ctcore.testing.engine import Engine
from ctcore.testing.packets import IPv4
from ctcore.testing.suite import L4ProtoSuite

from ctcore_quiz import ANSWER, GOODBYE, IPPROTO_QUIZ, QUESTION, QUIZ

THERE = IPv4("192.0.2.1", "192.0.2.2")
KINDS = {"Q": QUESTION, "A": ANSWER, "G": GOODBYE}


def packet(word: str) -> bytes:
    """``"> Q"`` is a question from him who began, ``"< A"`` an answer to him."""
    there, kind = word[0] == ">", KINDS[word[-1]]
    source, dest = (1000, 7) if there else (7, 1000)
    return (THERE if there else THERE.back).packet(
        IPPROTO_QUIZ, QUIZ.build(source=source, dest=dest, kind=kind, score=0)
    )


class TestLaws(L4ProtoSuite):
    """The laws that every transport protocol keeps."""

    name = "quiz"
    header = QUIZ
    conversation = (packet("> Q"), packet("< A"), packet("> G"))


def talk(engine: Engine, words: str) -> Result:
    """Have a conversation; the words are separated by commas. Returns what became of the last packet."""
    return [engine.send(packet(word)) for word in words.split(",")][-1]


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
def test_states(words: str, state: str, timeout: int, engine: Engine) -> None:
    assert talk(engine, words).reasons == []
    assert (engine.state, engine.timeout) == (state, timeout)
    assert ("ASSURED" in engine.status) == ("<A" in words)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (">A", "kind 2 cannot open a flow"),
        (">Q,<Q", "kind 1 in direction reply, state ASKED"),
        (">Q,<A,>A", "kind 2 in direction original, state ANSWERED"),
        (">Q,>G,>Q", "kind 1 in direction original, state OVER"),
    ],
)
def test_invalid(words: str, reason: str, engine: Engine) -> None:
    result = talk(engine, words)
    assert (result.state, result.reasons) == ("invalid", [f"nf_ct_proto_253: {reason}"])
