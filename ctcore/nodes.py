"""The hash table proper: from a tuple, and its zone where there is one, to the flow and the direction that bear it.

This room exists twice: here as a dictionary, and in ``nodes.pyx`` as a table of its own for the compiled build, which
finds a packet's flow without making an object. Both pass the same tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctcore.conn import Conn

Node = tuple["Conn", int]


class Nodes(dict[bytes, "Node"]):
    """``key -> (flow, direction)``, in the order of insertion; the key is ``Conn.key(direction)``.

    ``side`` is the direction (0 original, 1 reply) that the latest ``seek`` or ``holder`` found.
    """

    __slots__ = ("side",)

    def __init__(self) -> None:
        self.side = 0

    def seek(self, buf: bytes, addrs: int, length: int, u: int, suffix: bytes) -> Conn | None:
        """The flow of a packet in zone 0, or None.

        Its tuple is ``length`` bytes of addresses at ``addrs`` in ``buf``, four bytes at ``u``, and ``suffix``. The
        caller has made sure that they are there.
        """
        node = self.get(buf[addrs : addrs + length] + buf[u : u + 4] + suffix)
        if node is None:
            return None
        ct, self.side = node
        return ct

    def holder(self, ct: Conn, direction: int) -> Conn | None:
        """The flow that is in the table under this flow's tuple of this direction, which may be itself, or None."""
        node = self.get(ct.key(direction))
        if node is None:
            return None
        other, self.side = node
        return other

    def put(self, ct: Conn, direction: int) -> None:
        """Enter a flow under its tuple of this direction, in place of the one that is there."""
        self[ct.key(direction)] = (ct, direction)

    def take(self, ct: Conn, direction: int) -> None:
        """Take a flow out from under its tuple of this direction, where it is the one that is there."""
        key = ct.key(direction)
        node = self.get(key)
        if node is not None and node[0] is ct:
            del self[key]
