"""Session descriptions: media, and where they are awaited."""

from __future__ import annotations

from typing import Final

from ctcore.verify.fuzz.languages.texts import Pen

_KINDS: Final = (b"audio", b"audio", b"audio", b"video", b"video", b"image")
_ODD_KINDS: Final = (b"text", b"Audio", b"audi", b"", b"audiox", b"aud-io", b" audio")
_ENDS: Final = (b"\n", b"\r", b"\n\n", b"\r\n ", b"\r\r\n", b"\n\r")


def description(pen: Pen) -> bytes:
    """A session description of the sender."""
    lines = [
        pen.odd(0.2, (b"V=1", b"v=", b"v=x", b"v=0 9", b"s=-"), b"v=0"),
        b"o=- 1 1 IN " + _family(pen) + pen.host(),
    ]
    if pen.maybe(0.8):
        lines.append(_connection(pen))
    for _ in range(pen.rng.choice((0, 1, 1, 1, 2, 2, 3, 4, 5))):
        lines.append(_medium(pen))
        if pen.maybe(0.35):
            lines.append(_connection(pen))
        if pen.maybe(0.2):
            lines.append(b"a=rtpmap:0 PCMU")
    return b"".join(line + pen.odd(0.05, _ENDS, b"\r\n") for line in lines)


def _connection(pen: Pen) -> bytes:
    begin = pen.odd(0.2, (b"C=IN ", b"c= IN ", b"c=in ", b"c=IN IN ", b"c="), b"c=IN ")
    return begin + pen.odd(0.1, (b"IP6 ", b"ip4 ", b"IP4 ", b"IP4"), _family(pen)) + pen.host()


def _family(pen: Pen) -> bytes:
    return b"IP6 " if pen.ends.ipv6 else b"IP4 "


def _medium(pen: Pen) -> bytes:
    begin = pen.odd(0.1, (b"M=", b"m= "), b"m=") + pen.odd(0.2, _ODD_KINDS, pen.any(_KINDS))
    return begin + pen.odd(0.1, (b"  ", b"", b"\t"), b" ") + pen.port() + pen.any((b"", b" RTP/AVP 0", b"/2 RTP/AVP 0"))
