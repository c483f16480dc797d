"""The SANE vtable: a scanner's answer to "start" names the port from which the image is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ctcore import Conn, ExpectPolicy, Packet, announce, expect, help_data, helper, tcp_payload
from ctcore.common import IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY, ORIGINAL
from ctcore.netfilter import ACCEPT
from ctcore_sane.header import NET_START, REQUEST, START_REPLY, STATUS_GOOD

IPPROTO_TCP: Final = 6

_code = REQUEST.reader("code")
_start_reply = START_REPLY.reader("status", "zero", "port")


class Control:
    """What the helper keeps of a control connection: whether the client has asked for a scan to start."""

    __slots__ = ("start_requested",)

    def __init__(self) -> None:
        self.start_requested = False


class Sane:
    """Scanner Access Now Easy, network protocol."""

    name = "sane"
    l3num = 0
    l4num = IPPROTO_TCP
    port = 6566
    policies = (ExpectPolicy(max_expected=1, timeout=300),)  # one image at a time
    private = Control

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Watch for the request that starts a scan, and expect the connection that its answer names."""
        if ctinfo not in (IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY):
            return ACCEPT
        data = tcp_payload(pkt, protoff)
        if not data:
            return ACCEPT
        control = help_data(ct).private
        if ctinfo == IP_CT_ESTABLISHED:
            if len(data) == REQUEST.size:
                (code,) = _code(data, 0)
                control.start_requested = code == NET_START
            return ACCEPT
        asked, control.start_requested = control.start_requested, False
        if not asked or len(data) < START_REPLY.size:
            return ACCEPT
        status, zero, port = _start_reply(data, 0)
        if status != STATUS_GOOD or zero:
            return ACCEPT
        client = ct.tuple(ORIGINAL)
        return announce(pkt, expect(ct, client.src, client.dst, IPPROTO_TCP, None, port))

    @helper
    def print_private(self, ct: Conn) -> Mapping[str, Any]:
        """Whether an answer to "start" is awaited."""
        return {"start_requested": help_data(ct).private.start_requested}
