"""The flows that a session description announces: RTP and RTCP, a port each, for every medium."""

from __future__ import annotations

from itertools import islice
from typing import Final

from ctcore import Tuple, expect, help_data, withdraw
from ctcore_sip.address import HIGHEST_PORT, LOWEST_PORT
from ctcore_sip.flow import AUDIO, IMAGE, VIDEO, Talk
from ctcore_sip.message import Refused
from ctcore_sip.sdp import Medium, media
from ctcore_sip.settings import Settings

UDP: Final = 17

CLASSES: Final = {b"audio": AUDIO, b"video": VIDEO, b"image": IMAGE}
"""The media that are expected, by the class of their expectations; a message has as many at most."""


def expect_media(talk: Talk, text: bytes, settings: Settings) -> None:
    """Announce the media of a message's session description. Raises Refused."""
    known = (medium for medium in media(text, talk.own.l3num) if medium.kind in CLASSES)
    for medium in islice(known, len(CLASSES)):
        if not LOWEST_PORT <= medium.port <= HIGHEST_PORT:
            raise Refused(f"wrong port {medium.port}")
        if medium.address is None:
            raise Refused("cannot parse SDP message")
        _expect(talk, medium, medium.address, settings)


def _expect(talk: Talk, medium: Medium, daddr: bytes, settings: Settings) -> None:
    """Announce one medium, unless it goes past the one who announced it, or another call has announced it."""
    saddr = None
    if settings.direct_media:
        if daddr != talk.own.src:
            return
        saddr = talk.peer.src
    elif settings.external_media and any(daddr) and not talk.pkt.l3.is_local(daddr):
        return  # there is one way out, so it comes in where the signalling does; the address of zeros is the host
    class_ = CLASSES[medium.kind]
    if _announced_by_another(talk, saddr, daddr, medium.port, class_):
        return
    port = medium.port & ~1
    rtp = expect(talk.ct, saddr, daddr, UDP, None, port, class_)
    rtcp = expect(talk.ct, saddr, daddr, UDP, None, port + 1, class_)
    reason = "cannot add expectation for voice"
    new = talk.announce(rtp, reason, skip_master=True)
    try:
        talk.announce(rtcp, reason, skip_master=True)
    except Refused:
        if new:
            withdraw(rtp)
        raise


def _announced_by_another(talk: Talk, saddr: bytes | None, daddr: bytes, port: int, class_: int) -> bool:
    """Whether another flow of this helper awaits the same medium: both ends of a call may tell of it on many ways."""
    family = talk.own.l3num
    source = bytes(len(daddr)) if saddr is None else saddr
    wanted = Tuple(source, daddr, bytes(2), port.to_bytes(2, "big"), family, UDP)
    found = talk.pkt.net.expectations.peek(wanted, talk.ct.zone.id)
    return (
        found is not None
        and found.master is not talk.ct
        and found.class_ == class_
        and help_data(found.master).helper is help_data(talk.ct).helper
    )
