"""A packet as the trackers see it: a view into somebody's buffer, with the conntrack it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctcore.common import UNSEEN

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.netns import Net
    from ctcore.slots import L3Slot
    from ctcore.sources import Capture


class Packet:
    """One packet, from the network layer header on. Positions are indices into ``buf``, lengths are bytes.

    The packet path uses one object again and again; whoever wants to keep something copies it.

    ``buf``       the buffer, which may hold other packets before and after this one
    ``nhoff``     where the network layer header begins
    ``end``       where the packet ends by its own header's account (link-layer padding is not part of it)
    ``avail``     where the bytes at hand end: less than ``end`` in a capture that cut packets short
    ``dataoff``   where the transport header begins
    ``protonum``  the transport protocol, or -1 while nobody has told it
    ``cut``       true where whoever brought the packet is known to have kept only part of it
    ``capture``   the capture that it is frame ``number`` (from 1) of, or None: it knows of every frame
    ``now``       time of arrival, nanoseconds
    ``hook``      the hook point that the packet is at
    ``own``       true where the host itself sends it
    ``verify``    true where a tracker has to verify its checksum (PRE_ROUTING, sysctl on, all bytes at hand)
    ``ct``        its tracked flow or template, or None
    ``ctinfo``    its relation to that flow (the ``IP_CT_`` numbers), or UNSEEN
    ``notes``     reasons that trackers left, in the kernel log's words, or None where there are none
    ``tmpl``      the template that came with it, once conntrack has taken it off, or None
    ``mark``      the packet's firewall mark
    """

    __slots__ = (
        "avail",
        "buf",
        "capture",
        "ct",
        "ctinfo",
        "cut",
        "dataoff",
        "end",
        "hook",
        "l3",
        "mark",
        "net",
        "nhoff",
        "notes",
        "now",
        "number",
        "own",
        "protonum",
        "tmpl",
        "verify",
    )

    def __init__(self, net: Net) -> None:
        self.net = net
        self.buf: bytes = b""
        self.nhoff = 0
        self.end = 0
        self.avail = 0
        self.dataoff = 0
        self.protonum = 0
        self.now = 0
        self.hook = 0
        self.verify = False
        self.l3: L3Slot = net.l3_none
        self.ct: Conn | None = None
        self.ctinfo = UNSEEN
        self.cut = False
        self.own = False
        self.capture: Capture | None = None
        self.number = 0
        self.notes: list[str] | None = None
        self.tmpl: Conn | None = None
        self.mark = 0

    def is_cut(self) -> bool:
        """Whether missing bytes are the capture's doing: the packet was whole on the wire."""
        return self.cut or (self.capture is not None and self.capture.was_cut(self.number))

    def note(self, text: str) -> None:
        """Leave a reason, in the words of the kernel's log where the kernel has some."""
        if self.notes is None:
            self.notes = [text]
        else:
            self.notes.append(text)

    def log_invalid(self, protonum: int, text: str) -> None:
        """Leave the reason of a transport tracker as the kernel logs it (``nf_conntrack_log_invalid``)."""
        self.note(f"nf_ct_proto_{protonum}: {text}")

    @property
    def data(self) -> bytes:
        """A copy of the packet's bytes at hand, from the network layer header on."""
        return self.buf[self.nhoff : self.avail]
