"""The Internet checksum of a part of a buffer; ``sums.pyx`` is the same for the compiled build."""

from __future__ import annotations

_number = int.from_bytes


class Sums:
    """What the octets of a network layer protocol derive from."""

    __slots__ = ()

    def is_right(self, buf: bytes, start: int, end: int, pseudo: int) -> bool:
        """Whether the words of ``buf`` from ``start`` to before ``end`` and ``pseudo`` sum up to all ones.

        As ``ctcore.checksum.is_right``; ``pseudo`` is less than 2**31.
        """
        data = buf[start:end]
        total = _number(data, "big")  # spelled out here as well, for every packet's header is summed up
        if (end - start) & 1:
            total <<= 8
        total += pseudo
        return total != 0 and total % 0xFFFF == 0
