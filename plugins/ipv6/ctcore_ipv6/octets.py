"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore.sums import Sums
from ctcore_ipv6.header import IPV6


class Octets(Sums):
    """``rcv(buf, at)`` reads payload_len and nexthdr of the header at ``at``."""

    __slots__ = ()

    rcv = staticmethod(IPV6.reader("payload_len", "nexthdr"))


octets: Final = Octets()
