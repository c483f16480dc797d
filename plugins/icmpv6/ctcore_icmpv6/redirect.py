"""Redirects (RFC 4861, 4.5): a router tells a host of a better way, and may quote the packet that took another one."""

from __future__ import annotations

from typing import Final

from ctcore.packet import Packet

REDIRECT_LENGTH: Final = 40  # bytes: the ICMPv6 header, target and destination address
HOP_LIMIT: Final = 255  # of what no router has forwarded
REDIRECTED_HEADER: Final = 4  # the option that quotes
OPTION_HEADER: Final = 8  # bytes of that option before the quoted packet


def quoted_by_redirect(pkt: Packet, dataoff: int) -> int | str | None:
    """Where the packet begins that a redirect quotes, None where it quotes none, or why it is none that is valid.

    Only the first option is looked at. The reasons are the kernel log's words.
    """
    buf, avail = pkt.buf, pkt.avail
    if avail - dataoff < REDIRECT_LENGTH:
        return "short redirect"
    if buf[dataoff + 1]:
        return None
    first = buf[pkt.nhoff + 8 : pkt.nhoff + 10]
    if buf[pkt.nhoff + 7] != HOP_LIMIT or first[0] != 0xFE or first[1] & 0xC0 != 0x80:
        return "invalid saddr or hoplimit for redirect"
    option = dataoff + REDIRECT_LENGTH
    if avail - option < 2 or not buf[option + 1]:
        return "redirect without options"
    return option + OPTION_HEADER if buf[option] == REDIRECTED_HEADER else None
