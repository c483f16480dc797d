"""What every datagram's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore_udp.header import UDP


class Octets:
    """``length(buf, at)`` reads len and check of the header at ``at``."""

    __slots__ = ()

    length = staticmethod(UDP.reader("len", "check"))


octets: Final = Octets()
