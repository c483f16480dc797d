"""The walk over IPv6 extension headers (RFC 8200, RFC 4302), as far as Linux walks to find a transport header.

ESP is a transport protocol here: what follows it cannot be read.
"""

from __future__ import annotations

from ctcore_ipv6.header import IP6_OFFSET
from ctcore_ipv6.numbers import AUTHENTICATION, EXTENSION, FRAGMENT, FRAGMENT_LENGTH, NO_NEXT_HEADER, OPENING


def skip_extensions(buf: bytes, start: int, limit: int, nexthdr: int) -> tuple[int, int, int] | None:
    """Walk from ``start`` to the transport header: (where it begins, its protocol, the fragment header's offset field).

    The walk ends early, with FRAGMENT for the protocol, at a fragment that is not the first. None where the chain ends
    with "no next header" or leaves the bytes before ``limit``. Only a header's opening has to be there: where the
    transport header would begin may be beyond ``limit``.
    """
    frag_off = 0
    while EXTENSION[nexthdr]:
        if nexthdr == NO_NEXT_HEADER or start + OPENING > limit:
            return None
        if nexthdr == FRAGMENT:
            if start + 4 > limit:
                return None
            frag_off = buf[start + 2] << 8 | buf[start + 3]
            if frag_off & IP6_OFFSET:
                break
        start, nexthdr = start + _length(nexthdr, buf[start + 1]), buf[start]
    return start, nexthdr, frag_off


def find_fragment(buf: bytes, start: int, limit: int, nexthdr: int) -> tuple[int, int] | None:
    """Walk to the first fragment header: (where the field is that announces it, where it begins), or None.

    ``start`` is behind the IPv6 header, whose next header field is the first such place, told as -1.
    """
    place = -1
    while nexthdr != FRAGMENT:
        if not EXTENSION[nexthdr] or nexthdr == NO_NEXT_HEADER or start + OPENING > limit:
            return None
        place = start
        start, nexthdr = start + _length(nexthdr, buf[start + 1]), buf[start]
    return None if start > limit else (place, start)


def _length(number: int, field: int) -> int:
    """The length of an extension header, bytes: that of AH counts words of 4 bytes, the others count 8."""
    if number == FRAGMENT:
        return FRAGMENT_LENGTH
    return (field + 2) * 4 if number == AUTHENTICATION else (field + 1) * 8
