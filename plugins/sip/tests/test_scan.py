"""Numbers, and texts looked for within a line: what the running kernel takes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_sip.scan import digits_end, in_value, number, on_line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"0", 0),
        (b"5060;x", 5060),
        (b"0x10", 0),
        (b"4294967295", 2**32 - 1),
        (b"00000000005", 5),
        (b"4294967296", None),
        (b"000000000005", None),  # twelve digits
        (b"9" * 99, None),
        (b"", None),
        (b"x", None),
        (b" 5", None),
        (b"-5", None),
        (b"+5", None),
    ],
)
def test_number(text: bytes, value: int | None) -> None:
    assert number(text, 0) == value
    assert number(b"77" + text, 2) == value


@given(st.binary(), st.integers(0, 20))
def test_any_number(text: bytes, at: int) -> None:
    value = number(text, at)
    assert value is None or 0 <= value < 2**32
    end = digits_end(text, at)
    assert text[at:end].isdigit() or end == at


BOTH = [
    (b"sip:x", 4),
    (b"<sip:x", 5),
    (b"sips:a;sip:x", 11),
    (b"sip:", None),  # nothing comes behind it
    (b"si\r\nsip:x", None),
    (b"a\nsip:x", None),
    (b"", None),
]


@pytest.mark.parametrize(("text", "end"), [*BOTH, (b"a\r\n <sip:x", None), (b"SIP:x", None)])
def test_on_line(text: bytes, end: int | None) -> None:
    found = on_line(b"sip:")(text, 0)
    assert (None if found is None else found.end()) == end


@pytest.mark.parametrize(
    ("text", "end"),
    [
        *BOTH,
        (b"SIP:x", 4),
        (b"a\r\n <sip:x", 9),
        (b"a\n\t \t<sip:x", 10),
        (b"a\r \r <sip:x", 10),  # the first byte of a continued line is passed over, even if it ends that line
        (b"a\r\n sip:x", None),
        (b"a\r\n b\r\n c sip:x", 14),
        (b"a\r\n\r\n <sip:x", None),
    ],
)
def test_in_value(text: bytes, end: int | None) -> None:
    found = in_value(b"sip:")(text, 0)
    assert (None if found is None else found.end()) == end


@given(st.lists(st.sampled_from([b"\r", b"\n", b" ", b"s", b"sip:", b",", b"x"]), max_size=200).map(b"".join))
def test_any_line(text: bytes) -> None:
    plain, folded = on_line(b"sip:")(text, 0), in_value(b"sip:")(text, 0)
    assert plain is None or (folded is not None and folded.end() == plain.end())
    assert folded is None or text[folded.end() - 4 : folded.end()] == b"sip:"
