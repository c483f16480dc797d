"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from socket import inet_ntoa
from typing import Final

from ctcore.sums import Sums
from ctcore_ipv4.header import IPV4


class Octets(Sums):
    """``rcv(buf, at)`` reads version_ihl, tot_len, frag_off and protocol of the header at ``at``.

    ``dotted(addrs, at)`` spells the address at ``at``.
    """

    __slots__ = ()

    rcv = staticmethod(IPV4.reader("version_ihl", "tot_len", "frag_off", "protocol"))

    @staticmethod
    def dotted(addrs: bytes, at: int) -> str:
        """Dotted decimals."""
        return inet_ntoa(addrs[at : at + 4])


octets: Final = Octets()
