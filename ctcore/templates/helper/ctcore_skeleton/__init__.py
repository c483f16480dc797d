"""SKELETON for ctcore: a host says "PORT n" on a line of its own, and the other one then connects to that port."""

from __future__ import annotations

import re
from typing import Final

from ctcore import Conn, CtInfo, ExpectPolicy, Packet, Verdict, announce, expect, helper, tcp_payload

IPPROTO_TCP: Final = 6
LINE: Final = re.compile(rb"PORT ([1-9][0-9]{0,4})\r?\n")


class Skeleton:
    """The helper vtable: it reads the conversations on port 5000 and announces what they agree on."""

    name = "skeleton"  # at most 15 letters
    l3num = 0  # any address family
    l4num = IPPROTO_TCP
    port = 5000
    policies = (ExpectPolicy(max_expected=1, timeout=60),)  # one connection at a time, within a minute

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Read a segment; a line that begins it and is whole may announce a connection."""
        if ctinfo not in (CtInfo.ESTABLISHED, CtInfo.ESTABLISHED_REPLY):
            return Verdict.ACCEPT
        port = announced(tcp_payload(pkt, protoff))
        if port is None:
            return Verdict.ACCEPT
        speaker = ct.tuple(int(ctinfo == CtInfo.ESTABLISHED_REPLY))
        return announce(pkt, expect(ct, speaker.dst, speaker.src, IPPROTO_TCP, None, port))


def announced(payload: bytes) -> int | None:
    """The port that a payload names, or None where it names none that can be."""
    found = LINE.match(payload)
    port = int(found[1]) if found else 0
    return port if 0 < port <= 0xFFFF else None
