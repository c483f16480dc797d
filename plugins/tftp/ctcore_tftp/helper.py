"""The TFTP vtable: a request announces the answers, which come from a port that nobody knows yet (RFC 1350)."""

from __future__ import annotations

from typing import Final

from ctcore import Conn, ExpectPolicy, Packet, announce, expect, helper, udp_payload
from ctcore.common import REPLY
from ctcore.netfilter import ACCEPT

IPPROTO_UDP: Final = 17
REQUESTS: Final = (b"\0\1", b"\0\2")  # the operations read and write


class Tftp:
    """Trivial File Transfer Protocol (RFC 1350)."""

    name = "tftp"
    l3num = 0
    l4num = IPPROTO_UDP
    port = 69
    policies = (ExpectPolicy(max_expected=1, timeout=300),)  # one transfer for a request

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn) -> int:
        """Expect the other end's datagrams to the requesting port, from any port of its own."""
        if udp_payload(pkt, protoff)[:2] not in REQUESTS:
            return ACCEPT
        reply = ct.tuple(REPLY)
        dport = int.from_bytes(reply.dst_u, "big")
        return announce(pkt, expect(ct, reply.src, reply.dst, IPPROTO_UDP, None, dport))
