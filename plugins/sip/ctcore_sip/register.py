"""REGISTER (RFC 3261, 10): where a phone may be called, and for how long."""

from __future__ import annotations

from typing import Final

from ctcore import Expectation, ExpectFlag, Status, expect, help_data
from ctcore.sysctl import SECOND
from ctcore_sip.address import Endpoint
from ctcore_sip.flow import SIGNALLING, Talk
from ctcore_sip.headers import EXPIRES, LIFETIME, TRANSPORT, contacts, parameter
from ctcore_sip.message import Message, Refused
from ctcore_sip.scan import number
from ctcore_sip.settings import HZ, Settings

_PROTOCOLS: Final = {b"tcp": 6, b"udp": 17}


def request(talk: Talk, message: Message, settings: Settings) -> None:
    """A phone tells where it may be called: calls are expected there, once the registrar agrees. Raises Refused."""
    if talk.ct.status & Status.EXPECTED:
        return
    text = message.text
    contact = next(contacts(text, talk.own.l3num), None)
    if contact is None or contact.address != talk.own.src or not _same_transport(talk, text, contact):
        return
    if _lifetime(text, contact, EXPIRES.number(text) or 0):
        talk.announce(_call(talk, contact, settings), "cannot add expectation")
    talk.private.register_cseq = message.cseq


def _call(talk: Talk, contact: Endpoint, settings: Settings) -> Expectation:
    """A call to a contact: it comes from the registrar, or with indirect signalling from anywhere."""
    saddr = talk.peer.src if settings.direct_signalling else None
    exp = expect(talk.ct, saddr, contact.address, talk.own.l4num, None, contact.port, SIGNALLING)
    exp.helper = help_data(talk.ct).helper
    exp.flags = ExpectFlag.PERMANENT | ExpectFlag.INACTIVE
    return exp


def response(talk: Talk, message: Message) -> None:
    """The registrar agrees for as long as it says, or does not. Raises Refused."""
    if message.cseq != talk.private.register_cseq or 100 <= message.code <= 199:
        return
    if not (200 <= message.code <= 299 and _confirm(talk, message.text)):
        talk.forget_registration()


def _confirm(talk: Talk, text: bytes) -> bool:
    """Whether a contact in the registrar's answer is one that calls are expected at; from now on they may come."""
    expires = EXPIRES.number(text) or 0
    for contact in contacts(text, talk.own.l3num):
        if contact.address != talk.own.dst or not _same_transport(talk, text, contact):
            continue
        lifetime = _lifetime(text, contact, expires)
        if not lifetime:
            return False
        for exp in help_data(talk.ct).expectations:
            if exp.class_ == SIGNALLING and _is_at(exp, talk, contact):
                ticks = lifetime * HZ & 0xFFFFFFFF  # a lifetime of more ticks begins from zero again
                talk.pkt.net.expectations.refresh(exp, talk.pkt.now + ticks * SECOND // HZ)
                exp.flags &= ~ExpectFlag.INACTIVE
                return True
    return False


def _is_at(exp: Expectation, talk: Talk, contact: Endpoint) -> bool:
    t = exp.tuple
    return (t.dst, int.from_bytes(t.dst_u, "big"), t.l4num) == (contact.address, contact.port, talk.own.l4num)


def _same_transport(talk: Talk, text: bytes, contact: Endpoint) -> bool:
    """Whether a contact is to be reached over the protocol of this flow: unless it says so, it is."""
    at = parameter(text, contact.end, TRANSPORT)
    return at is None or _PROTOCOLS.get(text[at : at + 3].lower()) == talk.own.l4num


def _lifetime(text: bytes, contact: Endpoint, expires: int) -> int:
    """A contact's own lifetime in seconds, or ``expires`` where it has none. Raises Refused."""
    at = parameter(text, contact.end, LIFETIME)
    if at is None:
        return expires
    lifetime = number(text, at)
    if lifetime is None:
        raise Refused("cannot parse expires")
    return lifetime
