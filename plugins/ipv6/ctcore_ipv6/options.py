"""Hop-by-hop options (RFC 8200, 2675, 2711, 5570, 9486) as a Linux router takes them: before any hook."""

from __future__ import annotations

from typing import Final

PAD1: Final = 0
PADN: Final = 1
ROUTER_ALERT: Final = 5
CALIPSO: Final = 7
IOAM: Final = 0x31
JUMBO: Final = 0xC2

MOST_OPTIONS: Final = 8  # net.ipv6.max_hbh_opts_number
MOST_PADDING: Final = 7  # bytes in a row
ACTION: Final = 0xC0  # the bits of an option's number that say what to do where it is unknown; 0: go on


def check_options(options: bytes, payload_len: int) -> str | None:
    """Why a router drops a packet with these hop-by-hop options, or None where it does not.

    ``options`` are what follows the header's two first bytes, ``payload_len`` is the IPv6 header's.
    """
    at = padding = count = 0
    while at < len(options):
        kind = options[at]
        if kind == PAD1:
            size = 1
            padding += 1
        else:
            size = options[at + 1] + 2 if at + 1 < len(options) else 0
            if not 2 <= size <= len(options) - at:
                return f"IPv6 option {kind} is longer than its header"
            if kind == PADN:
                padding += size
                if any(options[at + 2 : at + size]):
                    return "padding of IPv6 options is not zero"
            else:
                count += 1
                fault = _check(kind, options[at + 2 : at + size], at, payload_len)
                if count > MOST_OPTIONS:
                    fault = f"more than {MOST_OPTIONS} IPv6 options"
                if fault:
                    return fault
                padding = 0
        if padding > MOST_PADDING:
            return f"more than {MOST_PADDING} bytes of padding of IPv6 options"
        at += size
    return None


def _check(kind: int, data: bytes, at: int, payload_len: int) -> str | None:
    if kind == ROUTER_ALERT:
        return None if len(data) == 2 else "IPv6 option 5 is malformed"
    if kind == CALIPSO:
        return "IPv6 option 7 is of no domain of interpretation that is configured"
    if kind == IOAM:
        return None if _is_word(at) else "IPv6 option 49 does not begin at a word"
    if kind == JUMBO:
        return _check_jumbo(data, at, payload_len)
    return f"IPv6 option {kind} is unknown, and says that then its packet is to be dropped" if kind & ACTION else None


def _check_jumbo(data: bytes, at: int, payload_len: int) -> str | None:
    """A jumbogram is longer than any packet that reaches ctcore: what claims to be one is cut or wrong."""
    if len(data) != 4 or not _is_word(at + 2):
        return "IPv6 option 194 is malformed"
    if payload_len or int.from_bytes(data, "big") <= 0xFFFF:
        return "a jumbo payload length is told where none is needed"
    return "truncated: a jumbogram"


def _is_word(at: int) -> bool:
    """Whether a place among the options is on a boundary of 4 bytes: they come behind the header's two first bytes."""
    return at % 4 == 2
