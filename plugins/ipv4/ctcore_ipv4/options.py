"""IPv4 options (RFC 791, RFC 2113) as a Linux router takes them: what is malformed is dropped while it is routed."""

from __future__ import annotations

from typing import Final

END: Final = 0
NOP: Final = 1
RECORD_ROUTE: Final = 7
TIMESTAMP: Final = 68
LOOSE_SOURCE_ROUTE: Final = 131
STRICT_SOURCE_ROUTE: Final = 137
COMMERCIAL_SECURITY: Final = 134
ROUTER_ALERT: Final = 148

TIMESTAMP_WITH_ADDRESS: Final = (1, 3)  # flags that put an address before each time
TIMESTAMP_PRESPECIFIED: Final = 3


def check_options(options: bytes) -> str | None:
    """Why a router drops a packet with these options, or None where it does not."""
    seen: set[int] = set()
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == END:
            return None
        if kind == NOP:
            at += 1
            continue
        left = len(options) - at
        length = options[at + 1] if left > 1 else 0
        if not 2 <= length <= left:
            return f"IP option {kind} is longer than the header"
        fault = _check(kind, options[at : at + length], seen)
        if fault:
            return fault
        at += length
    return None


def _check(kind: int, option: bytes, seen: set[int]) -> str | None:
    if kind in (LOOSE_SOURCE_ROUTE, STRICT_SOURCE_ROUTE):
        return "source routing is not accepted"
    if kind in (RECORD_ROUTE, TIMESTAMP):
        if kind in seen:
            return f"IP option {kind} is there twice"
        seen.add(kind)
        if not (_record_route_fits(option) if kind == RECORD_ROUTE else _timestamp_fits(option)):
            return f"IP option {kind} is malformed"
    if kind == COMMERCIAL_SECURITY:
        return "IP option 134 is of no domain of interpretation that is configured"
    if kind == ROUTER_ALERT and len(option) < 4:
        return "IP option 148 is malformed"
    return None


def _record_route_fits(option: bytes) -> bool:
    if len(option) < 3 or option[2] < 4:
        return False
    pointer = option[2]
    return pointer > len(option) or pointer + 3 <= len(option)


def _timestamp_fits(option: bytes) -> bool:
    if len(option) < 4 or option[2] < 5:
        return False
    pointer, flag = option[2], option[3] & 15
    if pointer > len(option):
        return flag == TIMESTAMP_PRESPECIFIED or option[3] >> 4 != 15
    room = 7 if flag in TIMESTAMP_WITH_ADDRESS else 3
    return pointer + room <= len(option)
