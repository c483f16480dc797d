"""A message (RFC 3261, 7): its first line, its CSeq, and where it ends in a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ctcore_sip.headers import CONTENT_LENGTH, CSEQ
from ctcore_sip.scan import LETTERS, digits_end, number

SHORTEST: Final = len(b"SIP/2.0 200")  # bytes: less is looked at by nobody

REQUESTS: Final = (b"INVITE", b"UPDATE", b"ACK", b"PRACK", b"BYE", b"REGISTER")
RESPONSES: Final = (b"INVITE", b"UPDATE", b"PRACK", b"REGISTER")
"""The methods to which a request, and the answer to one, means something here."""

_VERSION: Final = b"SIP/2.0 "
_HEADERS_END: Final = b"\r\n\r\n"

_request = re.compile(rb"(%s) [%s]" % (b"|".join(REQUESTS), LETTERS), re.IGNORECASE).match
_method = re.compile(b"|".join(RESPONSES), re.IGNORECASE).match


class Refused(Exception):
    """A message for which its packet is dropped; the text says why, in the kernel's words."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that matters: ``method`` in capitals, ``cseq``, the status ``code`` (0 for a request) and its text."""

    method: bytes
    cseq: int
    code: int
    text: bytes


def parse(text: bytes) -> Message | None:
    """A message from its first byte on; None where it means nothing here. Raises Refused."""
    if text[: len(_VERSION)].upper() == _VERSION:
        return _response(text)
    found = _request(text)
    if found is None:
        return None
    return Message(found[1].upper(), _cseq(text)[0], 0, text)


def _response(text: bytes) -> Message | None:
    code = number(text, len(_VERSION))
    if not code:
        raise Refused("cannot get code")
    cseq, end = _cseq(text)
    found = _method(text, end + 1)
    return None if found is None else Message(found[0].upper(), cseq, code, text)


def _cseq(text: bytes) -> tuple[int, int]:
    """The sequence number, and where its digits end."""
    at = CSEQ.find(text)
    end = at if at is None else digits_end(text, at)
    if at is None or end is None or end == at:
        raise Refused("cannot parse cseq")
    value = number(text, at)
    if value is None:
        raise Refused("cannot get cseq")
    return value, end


def messages(stream: bytes) -> Iterator[bytes]:
    """The whole messages in a segment's payload, by their ``Content-Length``; an unfinished one ends it."""
    while len(stream):
        at = CONTENT_LENGTH.find(stream)
        length = None if at is None else number(stream, at)
        if at is None or length is None:
            return
        body = stream.find(_HEADERS_END, digits_end(stream, at))
        end = body + len(_HEADERS_END) + length
        if body < 0 or end > len(stream):
            return
        yield stream[:end]
        stream = stream[end:]
