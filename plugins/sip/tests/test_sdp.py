"""Session descriptions: which media they announce, and where."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore_sip.sdp import media

CALL = b"\r\n\r\nv=0\r\no=- 1 1 IN IP4 10.0.0.9\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (CALL, ["audio 5004 10.0.0.1"]),
        (CALL + b"m=video 5006/2 x\r\n", ["audio 5004 10.0.0.1", "video 5006 10.0.0.1"]),
        (CALL + b"c=IN IP4 10.0.0.2\r\n", ["audio 5004 10.0.0.2"]),
        (CALL + b"m=video 5006\r\nc=IN IP4 10.0.0.2\r\n", ["audio 5004 10.0.0.1", "video 5006 10.0.0.2"]),
        (CALL.replace(b"c=IN IP4 10.0.0.1\r\n", b""), ["audio 5004 -"]),
        (CALL.replace(b"10.0.0.1\r", b"10.0.0\r"), ["audio 5004 -"]),
        (CALL.replace(b"c=IN IP4", b"c=IN IP6"), ["audio 5004 -"]),
        (CALL.replace(b"c=IN IP4", b"c=in ip4"), ["audio 5004 -"]),
        (CALL.replace(b"c=IN", b"C=IN IN"), ["audio 5004 10.0.0.1"]),
        (CALL + b"c=IN IP4 10.0.0\r\nc=IN IP4 10.0.0.2\r\n", ["audio 5004 10.0.0.1"]),  # the first one counts
        (CALL.replace(b"\r\n", b"\r"), []),  # an empty line of one byte hides the next
        (CALL.replace(b"v=0", b"V=1"), ["audio 5004 10.0.0.1"]),
        (CALL.replace(b"v=0", b"v=x"), []),
        (CALL.replace(b"v=0", b"s=-"), []),
        (CALL.replace(b"m=audio", b"M=Audio"), ["Audio 5004 10.0.0.1"]),
        (CALL.replace(b"5004", b"0"), []),
        (CALL.replace(b"5004", b"4294967296"), []),
        (CALL.replace(b"5004", b"65536"), ["audio 65536 10.0.0.1"]),
        (CALL.replace(b"5004", b""), []),
        (CALL.replace(b"m=audio 5004", b"m=audio  5004"), []),
        (CALL.replace(b"m=audio 5004", b"m=au-dio 5004") + b"m=video 5006\r\n", []),  # no medium: the rest is not read
        (CALL + b"m=video 0\r\nm=image 5008", ["audio 5004 10.0.0.1", "image 5008 10.0.0.1"]),
        (CALL + b"c=IN IP4 10.0.0.2", ["audio 5004 10.0.0.2"]),
        (b"m=audio 5004\r\nc=IN IP4 10.0.0.1\r\n", []),
        (b"", []),
    ],
)
def test_media(text: bytes, found: list[str]) -> None:
    def show(packed: bytes | None) -> str:
        return "-" if packed is None else socket.inet_ntoa(packed)

    announced = media(text, socket.AF_INET)
    assert [f"{one.kind.decode()} {one.port} {show(one.address)}" for one in announced] == found


def test_ipv6() -> None:
    text = CALL.replace(b"IP4 10.0.0.1", b"IP6 2001:db8::1")
    (audio,) = media(text, socket.AF_INET6)
    assert audio.address == socket.inet_pton(socket.AF_INET6, "2001:db8::1")


pieces = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b"v=0", b"c=", b"IN IP4 ", b"10.0.0.1", b"m=", b"audio ", b"5004", b" ", b"9" * 20]
)


@given(st.lists(pieces | st.binary(max_size=2), max_size=60).map(b"".join))
def test_any_bytes(text: bytes) -> None:
    for one in media(text, socket.AF_INET):
        assert 0 < one.port < 2**32
        assert one.address is None or len(one.address) == 4
