"""The numbers of the headers that may stand between the IPv6 header and a transport header (RFC 8200, RFC 4302)."""

from __future__ import annotations

from typing import Final

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT_HEADER, DESTINATION = 0, 43, 44, 51, 59, 60
EXTENSION: Final = bytes(
    number in (HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT_HEADER, DESTINATION) for number in range(256)
)
"""1 for each number of a header behind which another one may follow, and for "no next header"."""

OPENING: Final = 2  # bytes of an extension header that tell its length and the next one
FRAGMENT_LENGTH: Final = 8
