"""Messages: which ones mean something, which are refused, and where they end in a stream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_sip.message import Message, Refused, messages, parse

CSEQ = b"\r\nCSeq: 7 %s\r\n\r\n"


def request(method: bytes, gap: bytes = b" ", uri: bytes = b"sip:b") -> bytes:
    return method + gap + uri + b" SIP/2.0" + CSEQ % method


def answer(code: bytes, method: bytes = b"INVITE") -> bytes:
    return b"SIP/2.0 " + code + b" OK" + CSEQ % method


@pytest.mark.parametrize("method", [b"INVITE", b"UPDATE", b"ACK", b"PRACK", b"BYE", b"REGISTER"])
def test_requests(method: bytes) -> None:
    for text in (request(method), request(method.lower()), request(method, uri=b"\xe9")):
        assert parse(text) == Message(method, 7, 0, text)


@pytest.mark.parametrize(
    "text",
    [
        *map(request, (b"OPTIONS", b"CANCEL", b"INVITEX", b"INFO", b"SUBSCRIBE")),
        request(b"INVITE", gap=b"  "),
        request(b"INVITE", gap=b"\t"),
        request(b"INVITE", uri=b"1"),
        request(b"INVITE", uri=b"<sip:b>"),
        *(answer(b"200", method) for method in (b"ACK", b"BYE", b"OPTIONS", b"INV")),
        b"INVITE ",
        b"SIP/3.0 200 OK",
        b"",
    ],
)
def test_what_means_nothing(text: bytes) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("method", [b"INVITE", b"UPDATE", b"PRACK", b"REGISTER"])
@pytest.mark.parametrize(("code", "number"), [(b"200", 200), (b"99", 99), (b"00000000200", 200), (b"1000", 1000)])
def test_answers(method: bytes, code: bytes, number: int) -> None:
    text = answer(code, method)
    assert parse(text) == Message(method, 7, number, text)
    text = text.replace(b"SIP/2.0", b"sip/2.0").replace(method, method.lower() + b"s")
    assert parse(text) == Message(method, 7, number, text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (request(b"INVITE").replace(b"CSeq", b"Seq"), "cannot parse cseq"),
        (request(b"INVITE").replace(b"7", b"x"), "cannot parse cseq"),
        (request(b"INVITE").replace(b"7", b"4294967296"), "cannot get cseq"),
        (request(b"BYE").replace(b"7", b"000000000007"), "cannot get cseq"),
        (b"INVITE sip:", "cannot parse cseq"),
        (answer(b"0"), "cannot get code"),
        (answer(b"x"), "cannot get code"),
        (answer(b" 200"), "cannot get code"),
        (answer(b"000000000200"), "cannot get code"),
        (b"SIP/2.0 200", "cannot parse cseq"),
        (answer(b"200", b"BYE").replace(b"7", b""), "cannot parse cseq"),
    ],
)
def test_what_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=f"^{reason}$"):
        parse(text)


def one(body: bytes = b"", length: bytes | None = None) -> bytes:
    told = b"%d" % len(body) if length is None else length
    return b"BYE sip:b SIP/2.0\r\nCSeq: 1 BYE\r\nContent-Length: " + told + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        (one(), [one()]),
        (one(b"body"), [one(b"body")]),
        (one() + one(b"body") + one(), [one(), one(b"body"), one()]),
        (one() + one()[:-1], [one()]),
        (one(b"body")[:-1], []),
        (one(length=b"1"), []),
        (one(b"body", b"2"), [one(b"body", b"2")[:-2]]),
        (one(length=b"x") + one(), []),
        (one(length=b"4294967295"), []),
        (one(length=b"4294967296"), []),
        (one(length=b"000000000000"), []),
        (one().replace(b"Content-Length", b"X") + one(), [one().replace(b"Content-Length", b"X") + one()]),
        (one().replace(b"\r\n\r\n", b"\r\n\n"), []),
        (b"garbage", []),
        (b"", []),
    ],
)
def test_messages(stream: bytes, found: list[bytes]) -> None:
    assert list(messages(stream)) == found


pieces = st.sampled_from([one(), one(b"body"), request(b"INVITE"), answer(b"200"), b"\r\n", b"l: 0", b"SIP/2.0 ", b"1"])


@given(st.lists(pieces | st.binary(max_size=3), max_size=12).map(b"".join))
def test_any_bytes(stream: bytes) -> None:
    found = list(messages(stream))
    assert all(found)
    assert stream.startswith(b"".join(found))
    for text in [stream, *found]:
        try:
            message = parse(text)
        except Refused:
            continue
        assert message is None or (message.text == text and 0 <= message.cseq < 2**32)
