"""SIP: calls and registrations, over UDP and TCP, with all the freedom that the grammar gives, and more.

A message has few methods, numbers and ports, so that requests meet their answers and media their flows.
"""

from __future__ import annotations

from random import Random
from typing import Final

from ctcore.testing.packets import TCP, UDP
from ctcore.verify.fuzz.languages import Ends, Language
from ctcore.verify.fuzz.languages.sdp import description
from ctcore.verify.fuzz.languages.texts import Pen, bracketed

_METHODS: Final = (b"INVITE", b"INVITE", b"REGISTER", b"REGISTER", b"UPDATE", b"ACK", b"PRACK", b"BYE", b"OPTIONS")
_CODES: Final = (b"200", b"200", b"200", b"200", b"100", b"183", b"299", b"300", b"404", b"486")
_ODD_CODES: Final = (b"0", b"x", b"", b"000", b"99", b"1000", b"200x", b"4294967496", b"00000000200", b"000000000200")
_SECONDS: Final = (b"0", b"60", b"600", b"3600", b"1800")
_ODD_NUMBERS: Final = (
    *(b"", b"x", b" 60", b"-60", b"0x60", b"60x", b"4294967295", b"4294967296", b"99999999999"),
    *(b"17179869", b"2147483700", b"00000000060", b"000000000060"),  # seconds whose ticks need more than 32 bits
)
_SPACE: Final = (b" ", b"\t", b"  ", b"\r\n ", b"\r\n", b" \r\n\t", b"\n ", b"\r ")
_FOLDS: Final = (b"\r\n ", b"\n\t", b"\r  ", b"\r\n x", b"\r\n \r\n ")
_ENDS: Final = (b"\n", b"\r", b"\n\n", b"\r\n ", b"\r\n\t", b"\r\r\n", b"\n\r", b"\r\n \r\n ")
_ODD_LISTS: Final = (b"\r\n ,", b",\r\n <", b",\n\t", b"\r\n <,")
_USERS: Final = (b"sip:a@", b"sip:a@", b"<sip:a@", b"sip:", b"SIP:b@")
_ODD_USERS: Final = (b"sip:a:b@c@", b"sip:@", b"sips:a@", b"tel:", b"")


def _say(rng: Random, ends: Ends) -> tuple[int, bytes]:
    direction = rng.randrange(2)
    sender = Ends(ends.server, ends.client) if direction else ends
    pens = (Pen(rng, sender, rng.choice((0.0, 0.0, 0.3, 1.0))) for _ in range(rng.choice((1, 1, 1, 1, 2, 3))))
    return direction, b"".join(map(_message, pens))


def _message(pen: Pen) -> bytes:
    """A request or an answer."""
    method = pen.any(_METHODS)
    first = _status(pen) if pen.maybe(0.45) else _request(pen, method)
    lines = _headers(pen, method)
    body = description(pen) if pen.maybe(0.1 if method == b"REGISTER" else 0.8) else b""
    if pen.maybe(0.85):
        lines.append(_name(pen, b"Content-Length", b"l") + _length(pen, len(body)))
    if pen.maybe(0.3):
        pen.rng.shuffle(lines)
    return b"".join(line + pen.odd(0.05, _ENDS, b"\r\n") for line in (first, *lines, b"")) + body


def _request(pen: Pen, method: bytes) -> bytes:
    method = pen.odd(0.1, (method.lower(),), method) + pen.odd(0.05, (b"", b"  ", b"\t", b"X "), b" ")
    scheme = pen.odd(0.2, (b"tel:", b"1", b"<sip:", b"\xe9"), b"sip:b@")
    return method + scheme + bracketed(pen.ends.server) + b" SIP/2.0"


def _status(pen: Pen) -> bytes:
    version = pen.odd(0.1, (b"sip/2.0 ", b"SIP/2.0  ", b"SIP/3.0 "), b"SIP/2.0 ")
    return version + pen.odd(0.1, _ODD_CODES, pen.any(_CODES)) + b" OK"


def _headers(pen: Pen, method: bytes) -> list[bytes]:
    via = pen.any((b"SIP/2.0/UDP ", b"SIP/2.0/TCP ")) + pen.place() + pen.odd(0.5, (b"", b":x"), b":5060")
    lines = [_name(pen, b"Via", b"v") + via, _name(pen, b"From", b"f") + _uri(pen)]
    if not pen.maybe(0.05 * pen.wild):
        lines.append(_name(pen, b"CSeq") + _cseq(pen, method))
    if method == b"REGISTER" or pen.maybe(0.2):
        lines += (_name(pen, b"Contact", b"m") + _contacts(pen) for _ in range(pen.rng.choice((0, 1, 1, 1, 1, 2))))
    if pen.maybe(0.6):
        lines.append(_name(pen, b"Expires") + _seconds(pen))
    return lines


def _name(pen: Pen, name: bytes, compact: bytes = b"") -> bytes:
    """A header's name up to its value."""
    if compact and pen.maybe(0.25):
        name = compact
    name = pen.odd(0.2, (name.upper(), name.lower()), name) + pen.odd(0.03, (b"-x", b"x", b"1", b" ", b"\xe9"))
    return name + _space(pen) + pen.any((b": ", b": ", b":", b" :  ")) + _space(pen)


def _cseq(pen: Pen, method: bytes) -> bytes:
    number = pen.odd(0.1, _ODD_NUMBERS, pen.any((b"1", b"1", b"2", b"2", b"3")))
    method = pen.odd(0.1, (b"INVITE", b"REGISTER", b"invite", b"BYE", b"INV", b"PRACK", b"INVITEX"), method)
    return number + pen.odd(0.05, (b"", b"  ", b"\t", b"x", b"\r\n "), b" ") + method


def _contacts(pen: Pen) -> bytes:
    first, *rest = (_uri(pen) for _ in range(pen.rng.choice((1, 1, 1, 2, 3))))
    return first + b"".join(pen.odd(0.3, _ODD_LISTS, pen.any((b",", b", ", b" ,"))) + uri for uri in rest)


def _uri(pen: Pen) -> bytes:
    uri = pen.odd(0.2, _ODD_USERS, pen.any(_USERS)) + pen.place()
    if pen.maybe(0.6):
        uri += b":" + pen.port()
    uri += pen.odd(0.2, (b">", b'"', b" "))
    return uri + b"".join(_parameter(pen) for _ in range(pen.rng.choice((0, 0, 1, 1, 2))))


def _parameter(pen: Pen) -> bytes:
    transport = pen.odd(0.5, (b"TcP", b"tls", b"", b"ud", b"udpx"), pen.any((b"udp", b"UDP", b"tcp")))
    named = (b"transport=" + transport, b"expires=" + _seconds(pen), b"Expires=" + _seconds(pen), b"q=0.5", b"lr")
    return _fold(pen) + pen.any((b";", b";", b"; ", b" ;")) + _fold(pen) + pen.any(named)


def _length(pen: Pen, length: int) -> bytes:
    odd = (b"0", b"%d" % (length + 1), b"%d" % max(length - 1, 0), b"00000000%d" % length, *_ODD_NUMBERS)
    return pen.odd(0.1, odd, b"%d" % length)


def _seconds(pen: Pen) -> bytes:
    return pen.odd(0.3, _ODD_NUMBERS, pen.any(_SECONDS))


def _space(pen: Pen) -> bytes:
    return pen.odd(0.1, _SPACE)


def _fold(pen: Pen) -> bytes:
    return pen.odd(0.2, _FOLDS)


OVER_UDP: Final = Language("sip:udp", UDP, 5060, UDP, _say)
OVER_TCP: Final = Language("sip:tcp", TCP, 5060, UDP, _say)
