"""PARLEY for ctcore: two hosts talk on TCP port 1666, and meet on other ports.

Either of them says "MEET TCP n" or "MEET UDP n" on a line of its own, any number of such lines in a segment. The other
one then connects to that port, or sends datagrams to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ctcore import (
    Conn,
    CtInfo,
    ExpectPolicy,
    Packet,
    Sysctl,
    Verdict,
    announce,
    expect,
    help_data,
    helper,
    tcp_payload,
)
from ctcore.sysctl import switch

IPPROTO_TCP: Final = 6
CLASSES: Final = {b"TCP": (0, 6), b"UDP": (1, 17)}  # place in the policies, IP protocol number
LINE: Final = re.compile(rb"^MEET (TCP|UDP) ([1-9][0-9]{0,4})\r?\n", re.IGNORECASE | re.MULTILINE)

SYSCTLS: Final = (switch("nf_conntrack_parley.strict", 0, "strict", "drop a segment that names an impossible port"),)


class Talk:
    """What is kept of a conversation: how many meetings were announced."""

    __slots__ = ("meetings",)

    def __init__(self) -> None:
        self.meetings = 0


class Parley:
    """The helper vtable."""

    name = "parley"
    l3num = 0  # any address family
    l4num = IPPROTO_TCP
    port = 1666
    policies = (
        ExpectPolicy(max_expected=2, timeout=60, name="tcp"),
        ExpectPolicy(max_expected=4, timeout=10, name="udp"),
    )
    private = Talk

    def __init__(self) -> None:
        self.strict = 0

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Read the whole lines of a segment, and announce what they agree on."""
        if ctinfo not in (CtInfo.ESTABLISHED, CtInfo.ESTABLISHED_REPLY):
            return Verdict.ACCEPT
        speaker = ct.tuple(int(ctinfo == CtInfo.ESTABLISHED_REPLY))
        for class_, l4num, port in meetings(tcp_payload(pkt, protoff)):
            if port > 0xFFFF:
                pkt.note(f"nf_ct_parley: there is no port {port}")
                if self.strict:
                    return Verdict.DROP
                continue
            verdict = announce(pkt, expect(ct, speaker.dst, speaker.src, l4num, None, port, class_))
            if verdict != Verdict.ACCEPT:
                return verdict
            help_data(ct).private.meetings += 1
        return Verdict.ACCEPT

    @helper
    def print_private(self, ct: Conn) -> Mapping[str, Any]:
        """How many meetings were announced."""
        return {"meetings": help_data(ct).private.meetings}

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        """``strict``, as the parameter of a kernel module would be named."""
        return SYSCTLS


def meetings(payload: bytes) -> Iterator[tuple[int, int, int]]:
    """The class, the protocol and the port of each meeting that a payload names, in order."""
    for word, port in LINE.findall(payload):
        yield *CLASSES[word.upper()], int(port)
