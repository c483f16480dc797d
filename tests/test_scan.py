"""Numbers in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore.scan import decimal


@pytest.mark.parametrize(
    ("data", "at", "end", "found"),
    [
        (b"1234 ", 0, 5, (1234, 4)),
        (b"1234", 1, 4, (234, 4)),
        (b"1234", 0, 2, (12, 2)),
        (b"0012", 0, 4, (12, 4)),
        (b"x1", 0, 2, (0, 0)),
        (b"-1", 0, 2, (0, 0)),
        (b"", 0, 0, (0, 0)),
        (b"12", 2, 2, (0, 2)),
        (b"12", 5, 9, (0, 5)),
        (b"4294967296", 0, 10, (0, 10)),
        (b"4294967297x", 0, 11, (1, 10)),
        ("٣".encode(), 0, 2, (0, 0)),
    ],
)
def test_a_number(data: bytes, at: int, end: int, found: tuple[int, int]) -> None:
    assert decimal(data, at, end) == found


@given(st.from_regex(rb"[0-9]{0,200}[^0-9]?", fullmatch=True), st.integers(1, 64))
def test_a_number_is_read_modulo_its_size(data: bytes, bits: int) -> None:
    digits = data.rstrip(bytes(set(range(256)) - set(b"0123456789")))
    assert decimal(data, 0, len(data), bits) == (int(digits or b"0") % 2**bits, len(digits))


def test_a_packet_full_of_digits() -> None:
    assert decimal(b"9" * 60000, 0, 60000)[1] == 60000
