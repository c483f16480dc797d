"""Zones: flows with equal tuples kept apart by a number that the ruleset gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ZONE_DIR_ORIG: Final = 1
ZONE_DIR_REPL: Final = 2


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone: ``id`` 0..65535, valid for the directions in ``dir``; with ``from_mark`` the id is the packet's mark.

    In a direction that it is not valid for, a flow is in zone 0.
    """

    id: int = 0
    dir: int = ZONE_DIR_ORIG | ZONE_DIR_REPL
    from_mark: bool = False

    def effective(self, direction: int) -> int:
        """The zone's id for a direction (0 original, 1 reply)."""
        return self.id if self.dir >> direction & 1 else 0

    def resolved(self, mark: int) -> Zone:
        """This zone as it is for a packet with this mark."""
        return Zone(mark & 0xFFFF, self.dir) if self.from_mark else self

    def key(self, packed: bytes, direction: int) -> bytes:
        """The hash table's key for a packed tuple of this direction in this zone."""
        zone_id = self.effective(direction)
        return packed + zone_id.to_bytes(2, "big") if zone_id else packed


ZONE_DFLT: Final = Zone()
