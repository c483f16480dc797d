"""Addresses as text, read as the kernel reads them: from their beginning to the first byte that is no part of one."""

from __future__ import annotations

import re
from socket import AF_INET
from typing import Final, NamedTuple

from ctcore_sip.scan import digits_end

SIP_PORT: Final = 5060
LOWEST_PORT: Final = 1024  # nothing is ever expected at a privileged port
HIGHEST_PORT: Final = 65535

_PORT_DIGITS: Final = 5
_IPV6_LEN: Final = 16

_DOTTED: Final = rb"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)"
_ipv4 = re.compile(_DOTTED + rb"(?![0-9A-Fa-f.])").match
_ipv4_whole = re.compile(_DOTTED).fullmatch
_ipv6_text = re.compile(rb"[0-9A-Fa-f:]*(?:\.[0-9A-Fa-f.]*)?").match  # a colon ends an IPv4 address at its end


class Endpoint(NamedTuple):
    """An address (packed) with its port, and where in the message their text ends."""

    address: bytes
    port: int
    end: int


def endpoint(text: bytes, at: int, family: int) -> Endpoint | None:
    """``ADDRESS[:PORT]``, 5060 where no port is told; None where it cannot be read, or ends with the message."""
    found = address(text, at, family, delimited=True)
    if found is None:
        return None
    packed, end = found
    port = SIP_PORT
    if text.startswith(b":", end):
        start, end = end + 1, digits_end(text, end + 1)
        if not 0 < end - start <= _PORT_DIGITS:
            return None
        port = int(text[start:end])
        if not LOWEST_PORT <= port <= HIGHEST_PORT:
            return None
    return Endpoint(packed, port, end) if end < len(text) else None


def address(text: bytes, at: int, family: int, delimited: bool) -> tuple[bytes, int] | None:
    """An address of a family, packed, and where its text ends; None where none stands at ``at``.

    An IPv6 address stands in brackets where it is ``delimited``, as in a URI (RFC 3261, 25.1), and nowhere else.
    """
    if family == AF_INET:
        found = _ipv4(text, at)
        packed = found and _octets(found)
        return (packed, found.end()) if found and packed else None
    if delimited and not text.startswith(b"[", at):
        return None
    taken = _ipv6_text(text, at + delimited)
    assert taken is not None, "the pattern matches the empty text too"
    packed = ipv6(taken[0])
    if packed is None or (delimited and not text.startswith(b"]", taken.end())):
        return None
    return packed, taken.end() + delimited


def ipv6(text: bytes) -> bytes | None:
    """An IPv6 address (RFC 4291, 2.2), packed; any number of zeros may stand before a group."""
    left, double, right = text.partition(b"::")
    before, after = _groups(left, last=not double), _groups(right, last=True)
    if before is None or after is None:
        return None
    missing = _IPV6_LEN - len(before) - len(after)
    if missing < (2 if double else 0) or (missing and not double):
        return None
    return before + bytes(missing) + after


def _groups(text: bytes, last: bool) -> bytes | None:
    """What stands between colons, two bytes each; the ``last`` group may be an IPv4 address."""
    groups = text.split(b":") if text else []
    tail: bytes | None = b""
    if last and groups and b"." in groups[-1]:
        found = _ipv4_whole(groups.pop())
        tail = found and _octets(found)
    words = [_word(group) for group in groups]
    return None if tail is None or None in words else b"".join(word for word in words if word) + tail


def _word(group: bytes) -> bytes | None:
    digits = group.lstrip(b"0") or b"0"
    return int(digits, 16).to_bytes(2, "big") if group and len(digits) <= 4 and b"." not in group else None


def _octets(found: re.Match[bytes]) -> bytes | None:
    """The four numbers of an IPv4 address; any number of zeros may stand before each."""
    octets = [octet.lstrip(b"0") or b"0" for octet in found.groups()]
    if any(len(octet) > 3 or int(octet) > 255 for octet in octets):
        return None
    return bytes(map(int, octets))
