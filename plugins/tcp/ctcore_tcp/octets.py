"""What every segment's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from struct import Struct
from typing import Final

from ctcore_tcp.header import TCP


class Octets:
    """``segment(buf, at)`` reads seq, ack_seq, doff_res, flags and window of the header at ``at``.

    ``word(buf, at)`` reads one number of 32 bits.
    """

    __slots__ = ()

    segment = staticmethod(TCP.reader("seq", "ack_seq", "doff_res", "flags", "window"))
    word = staticmethod(Struct(">I").unpack_from)


octets: Final = Octets()
