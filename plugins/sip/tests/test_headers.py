"""Headers: where the kernel finds them, and where it does not."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_sip.headers import CONTACT, CONTENT_LENGTH, CSEQ, EXPIRES, LIFETIME, TRANSPORT, Header, contacts, parameter


@pytest.mark.parametrize(
    ("header", "text", "value"),
    [
        (CSEQ, b"x\r\nCSeq: 1 INVITE\r\n", b"1 INVITE\r\n"),
        (CSEQ, b"x\nCSEQ:1", b"1"),
        (CSEQ, b"x\rcseq \t : \t1", b"1"),
        (CSEQ, b"x\r\nCSeq\r\n : 1", b"1"),
        (CSEQ, b"x\r\nCSeq:\r\n\t 1", b"1"),
        (CSEQ, b"x\r\nVia: y\r\n CSeq: 0\r\nCSeq: 1", b"1"),  # a continued line is no header
        (CSEQ, b"x\r\n\r\nCSeq: 1", b"1"),
        (CSEQ, b"CSeq: 0\r\nCSeq: 1", b"1"),  # the first line is none
        (CSEQ, b"x\n\nCSeq: 1", None),  # an empty line of one byte hides the next
        (CSEQ, b"x\r\nCSeq-Foo: 1\r\nCSeq: 1", None),  # a longer name ends the search
        (CSEQ, b"x\r\nCSeq 1\r\nCSeq: 1", None),
        (CSEQ, b"x\r\nCSeq:", None),
        (CSEQ, b"x\r\nCSeq:\r\n1", None),
        (CSEQ, b"x\r\nCSeq", None),
        (CSEQ, b"x\r\n", None),
        (CSEQ, b"", None),
        (CSEQ, b"x\r\nCSeq: \r\n \r\n 1", b"\r\n 1"),  # one line goes on, not two
        (CONTACT, b"x\r\nm: <sip:a>", b"<sip:a>"),
        (CONTACT, b"x\r\nM:<sip:a>", b"<sip:a>"),
        (CONTACT, b"x\r\nmx: no\r\nm: yes", b"yes"),
        (CONTACT, b"x\r\nm\xe9: no\r\nm: yes", b"yes"),  # a letter of ISO 8859-1
        (CONTACT, b"x\r\nm\xd7: no\r\nm: yes", None),  # the sign of multiplication is none
        (CONTACT, b"x\r\nm", None),
        (CONTENT_LENGTH, b"x\r\nContent-Length: 7", b"7"),
        (CONTENT_LENGTH, b"x\r\nl: 7", b"7"),
        (EXPIRES, b"x\r\nExpires: 7", b"7"),
    ],
)
def test_find(header: Header, text: bytes, value: bytes | None) -> None:
    at = header.find(text)
    assert (None if at is None else text[at:]) == value


def test_the_next_one() -> None:
    text = b"x\r\nExpires: 1\r\nExpires: 2\r\n"
    first = EXPIRES.find(text)
    assert first is not None
    assert EXPIRES.find(text, first) == text.index(b"2")
    assert EXPIRES.number(text) == 1
    assert EXPIRES.number(b"x\r\nExpires: soon\r\n") is None
    assert EXPIRES.number(b"x\r\n") is None


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (b"Contact: <sip:a@10.0.0.1:5062>;x\r\n", ["10.0.0.1:5062"]),
        (b"m: sip:10.0.0.1\r\n", ["10.0.0.1:5060"]),
        (b"Contact: SIP:a@10.0.0.1, <sip:b@10.0.0.2:6000>\r\n", ["10.0.0.1:5060", "10.0.0.2:6000"]),
        (b"Contact: sip:10.0.0.1\r\nm: sip:10.0.0.2\r\n", ["10.0.0.1:5060", "10.0.0.2:5060"]),
        (b"Contact: sip:host, sip:10.0.0.2\r\nm: sip:10.0.0.3\r\n", ["10.0.0.3:5060"]),  # the rest of a bad list goes
        (b"Contact: sip:10.0.0.1, sip:host, sip:10.0.0.3\r\n", ["10.0.0.1:5060", "10.0.0.3:5060"]),
        (b"Contact: sip:10.0.0.1\r\n , <sip:10.0.0.2\r\n", ["10.0.0.1:5060"]),  # the comma comes first, unseen
        (b"Contact: sip:10.0.0.1\r\n x, <sip:10.0.0.2\r\n", ["10.0.0.1:5060", "10.0.0.2:5060"]),
        (b"Contact: sips:a@10.0.0.1\r\n To: sip:10.0.0.2\r\n", ["10.0.0.2:5060"]),
        (b"Contact: sip:a@b@10.0.0.1\r\n", []),
        (b"Contact: sip:10.0.0.1:80\r\n", []),
        (b"Contact: tel:10.0.0.1\r\n", []),
        (b"Contact: *\r\n", []),
        (b"Contact: sip:10.0.0.1", []),
        (b"", []),
    ],
)
def test_contacts(lines: bytes, found: list[str]) -> None:
    ends = contacts(b"x\r\n" + lines, socket.AF_INET)
    assert [f"{socket.inet_ntoa(one.address)}:{one.port}" for one in ends] == found


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (b";expires=60\r\n", LIFETIME, b"60\r\n"),
        (b";q=1;EXPIRES=60", LIFETIME, b"60"),
        (b">;transport=udp;expires=60", TRANSPORT, b"udp;expires=60"),
        (b"\r\n ;expires=60", LIFETIME, b"60"),
        (b", sip:x;expires=60", LIFETIME, None),
        (b";expires=60, sip:x;expires=70", LIFETIME, b"60, sip:x;expires=70"),
        (b"\r\nexpires=60", LIFETIME, None),
        (b";expires=", LIFETIME, None),  # nothing comes behind it
        (b"", LIFETIME, None),
    ],
)
def test_parameter(text: bytes, name: bytes, value: bytes | None) -> None:
    at = parameter(text, 0, name)
    assert (None if at is None else text[at:]) == value


pieces = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b",", b";", b"@", b"CSeq", b"Contact", b"m", b"sip:", b"10.0.0.1", b"1"]
)


@given(st.lists(pieces | st.binary(max_size=2), max_size=40).map(b"".join))
def test_any_bytes(text: bytes) -> None:
    at = CSEQ.find(text)
    assert at is None or 0 < at <= len(text)
    ends = [one.end for one in contacts(text, socket.AF_INET)]
    assert ends == sorted(set(ends)), "each is further on"
    for end in ends:
        begin = parameter(text, end, LIFETIME)
        assert begin is None or end < begin < len(text)
