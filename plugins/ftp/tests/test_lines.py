"""Where lines begin: two places are remembered, the later ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ctcore_ftp.lines import KEPT, LineStarts

U32 = 2**32


def after(*seqs: int) -> list[int]:
    lines = LineStarts()
    for seq in seqs:
        lines.add(seq)
    return list(lines)


def test_two_are_remembered_and_the_oldest_is_forgotten() -> None:
    assert after() == []
    assert after(10) == [10]
    assert after(10, 20) == [10, 20]
    assert after(10, 20, 30) == [30, 20]
    assert after(10, 20, 30, 40) == [30, 40]


def test_what_came_before_replaces_nothing() -> None:
    assert after(10, 20, 5) == [10, 20]
    assert after(20, 10, 15) == [20, 15]
    assert after(10, 20, 20) == [10, 20]


def test_numbers_go_round() -> None:
    assert after(U32 - 5, 3, 20) == [20, 3]
    assert after(U32 + 7) == [7]
    assert 7 in remembering(7 + U32)


def remembering(*seqs: int) -> LineStarts:
    lines = LineStarts()
    for seq in seqs:
        lines.add(seq)
    return lines


@given(st.integers(0, U32 - 1), st.lists(st.integers(1, 10000), min_size=1, max_size=20))
def test_of_a_stream_in_order_the_last_two_are_kept(start: int, steps: list[int]) -> None:
    seqs = [start]
    for step in steps:
        seqs.append(seqs[-1] + step)
    assert sorted(after(*seqs)) == sorted(seq % U32 for seq in seqs[-KEPT:])
