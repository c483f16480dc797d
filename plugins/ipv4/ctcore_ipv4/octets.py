"""What every packet's octets are asked for; ``octets.pyx`` is the same for the compiled build."""

from __future__ import annotations

from typing import Final

from ctcore.checksum import is_right
from ctcore_ipv4.header import IPV4


class Octets:
    """``rcv(buf, at)`` reads version_ihl, tot_len, frag_off and protocol of the header at ``at``."""

    __slots__ = ()

    rcv = staticmethod(IPV4.reader("version_ihl", "tot_len", "frag_off", "protocol"))

    def is_right(self, buf: bytes, start: int, end: int, pseudo: int) -> bool:
        """Whether the words of ``buf`` from ``start`` to before ``end`` and ``pseudo`` sum up to all ones.

        As ``ctcore.checksum.is_right``; ``pseudo`` is less than 2**31.
        """
        return is_right(buf[start:end], pseudo)


octets: Final = Octets()
