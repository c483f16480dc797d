"""The key map: a packet of PPTP bears its receiver's call id alone; this tells the sender's."""

from __future__ import annotations

from typing import Final, TypeAlias

from ctcore.conn import Conn

NO_KEY: Final = bytes(2)

Place: TypeAlias = tuple[bytes, bytes]
"""Source and destination address, one after the other, and the destination key: all that a packet tells."""


class KeyMap:
    """The calls of a namespace, each under the control connection that agreed on it. Keys are two bytes."""

    def __init__(self) -> None:
        self._source_keys: dict[Place, list[tuple[Conn, bytes]]] = {}
        self._places: dict[Conn, dict[int, Place]] = {}

    def find(self, addrs: bytes, dst_key: bytes) -> bytes:
        """The source key of a packet from and to these addresses: that of the earliest call that fits, or zero."""
        found = self._source_keys.get((addrs, dst_key))
        return found[0][1] if found else NO_KEY

    def add(self, master: Conn, direction: int, addrs: bytes, src_key: bytes, dst_key: bytes) -> bool:
        """Enter one direction of a master's call, unless it is there; false where another one is there instead."""
        place = (addrs, dst_key)
        places = self._places.setdefault(master, {})
        if direction in places:
            return places[direction] == place
        places[direction] = place
        self._source_keys.setdefault(place, []).append((master, src_key))
        return True

    def remove(self, master: Conn) -> None:
        """Forget both directions of a master's call. Harmless where there is none."""
        for place in set(self._places.pop(master, {}).values()):
            left = [entry for entry in self._source_keys[place] if entry[0] is not master]
            if left:
                self._source_keys[place] = left
            else:
                del self._source_keys[place]
