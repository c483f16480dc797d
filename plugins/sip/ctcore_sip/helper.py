"""The SIP helper: calls, and the media that they agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ctcore import Conn, ExpectPolicy, Packet, drop, helper, tcp_payload, udp_payload
from ctcore.common import IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY
from ctcore.netfilter import ACCEPT
from ctcore.sysctl import Sysctl
from ctcore_sip import register
from ctcore_sip.flow import Private, Talk
from ctcore_sip.media import expect_media
from ctcore_sip.message import SHORTEST, Message, Refused, messages, parse
from ctcore_sip.settings import SYSCTLS, Settings

TCP, UDP = 6, 17

POLICIES: Final = (
    ExpectPolicy(1, 180, "signalling"),  # calls to a phone that has registered
    ExpectPolicy(4, 180, "audio"),  # RTP and RTCP of two
    ExpectPolicy(4, 180, "video"),
    ExpectPolicy(2, 180, "image"),  # a fax
)


class Sip(Settings):
    """Session Initiation Protocol (RFC 3261), with session descriptions (RFC 4566)."""

    name = "sip"
    l3num = 0
    l4num = (UDP, TCP)
    port = 5060
    policies = POLICIES
    private = Private

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Every packet with a payload keeps the flow alive; over TCP a payload may have several messages."""
        if ct.original[-1] == UDP:
            text = udp_payload(pkt, protoff)
        elif ctinfo in (IP_CT_ESTABLISHED, IP_CT_ESTABLISHED_REPLY):
            text = tcp_payload(pkt, protoff)
        else:
            return ACCEPT
        if text:
            ct.refresh(pkt, self.timeout)
        if len(text) < SHORTEST:
            return ACCEPT
        try:
            for one in (text,) if ct.original[-1] == UDP else messages(text):
                message = parse(one)
                if message is not None:
                    self._heed(Talk.of(pkt, ct, ctinfo), message)
        except Refused as refusal:
            return drop(pkt, ct, str(refusal))
        return ACCEPT

    def _heed(self, talk: Talk, message: Message) -> None:
        """Carry out what a message means. Raises Refused."""
        if message.method == b"REGISTER":
            if message.code:
                register.response(talk, message)
            else:
                register.request(talk, message, self)
        elif message.method == b"BYE":
            talk.forget_media()
        elif message.code:
            self._answer(talk, message)
        elif message.method == b"INVITE":
            talk.forget_media()
            expect_media(talk, message.text, self)
            talk.private.invite_cseq = message.cseq
        else:
            expect_media(talk, message.text, self)

    def _answer(self, talk: Talk, message: Message) -> None:
        """The answer to an offer: media may begin before it is final, and never where it was refused."""
        if 100 <= message.code <= 299:
            expect_media(talk, message.text, self)
        elif message.cseq == talk.private.invite_cseq:
            talk.forget_media()

    @helper
    def sysctls(self) -> Sequence[Sysctl]:
        """The parameters of nf_conntrack_sip."""
        return SYSCTLS
