"""The hash table of one namespace: confirmed flows under both their tuples, counted, evicted when it is full.

Lookups go to ``nodes``. Buckets exist only where they can be seen: their lengths when chains could grow too long, and
what is in them when the table is full (early drop clears the first bucket, from the new flow's own on, that has a flow
to spare).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from zlib import crc32

from ctcore.common import ASSURED, CONFIRMED, DYING, ORIGINAL, REPLY
from ctcore.conn import Conn
from ctcore.nodes import Nodes

if TYPE_CHECKING:
    from ctcore.netns import Net
    from ctcore.nodes import Node

BUCKET_STEP: Final = 512  # the bucket count is a multiple of a page full of pointers
EARLY_DROP_BUCKETS: Final = 8
MIN_CHAINLEN: Final = 50
CHAINLEN_SPREAD: Final = 30
CROWDED: Final = 4  # nodes a bucket: below it no chain comes near MIN_CHAINLEN


class Table:
    """Flows by tuple: confirmed ones in ``nodes``; ``unconfirmed`` and ``dying`` (masters with children) beside.

    ``count`` is what nf_conntrack_count says: every flow that has memory.
    """

    __slots__ = (
        "_chains",
        "_lengths",
        "_random",
        "_size",
        "count",
        "dying",
        "maximum",
        "net",
        "nodes",
        "unconfirmed",
    )

    def __init__(self, net: Net, buckets: int, maximum: int) -> None:
        self.net = net
        self.nodes = Nodes()
        self.unconfirmed: set[Conn] = set()
        self.dying: set[Conn] = set()
        self.count = 0
        self.maximum = maximum
        self._size = buckets
        self._chains: dict[int, list[Node]] | None = None
        self._lengths: array[int] | None = None
        self._random = _Random()

    @property
    def buckets(self) -> int:
        """nf_conntrack_buckets: how many chains there are."""
        return self._size

    @buckets.setter
    def buckets(self, wanted: int) -> None:
        self._size = -(-wanted // BUCKET_STEP) * BUCKET_STEP
        self._chains = self._lengths = None

    def __iter__(self) -> Iterator[Conn]:
        """The flows that a dump shows, in the order of their confirmation: the kernel's own order is random."""
        return (ct for ct, direction in self.nodes.values() if direction == ORIGINAL or ct.key(0) == ct.key(1))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def insert(self, ct: Conn) -> None:
        """Put a flow into the table, under both tuples."""
        self.unconfirmed.discard(ct)
        self._put(ct, ORIGINAL)
        self._put(ct, REPLY)

    def insert_reply_only(self, ct: Conn) -> None:
        """Put a flow that lost a clash into the table under its reply tuple alone: no dump shows it."""
        self.unconfirmed.discard(ct)
        self._put(ct, REPLY)

    def remove(self, ct: Conn) -> None:
        """Take a flow out of the table."""
        for direction in (ORIGINAL, REPLY):
            if self._lengths is not None and self.nodes.holder(ct, direction) is ct:
                bucket = self.bucket(ct.key(direction))
                self._lengths[bucket] -= 1
                if self._chains is not None:
                    self._chains[bucket] = [other for other in self._chains[bucket] if other[0] is not ct]
            self.nodes.take(ct, direction)

    def chain_too_long(self, ct: Conn, direction: int) -> bool:
        """Whether the chain for a flow's tuple of this direction is longer than an insertion may find it."""
        if len(self.nodes) <= self._size * CROWDED:
            return False
        length = self._tally()[self.bucket(ct.key(direction))]
        return length > MIN_CHAINLEN and length > MIN_CHAINLEN + self._random.randrange(CHAINLEN_SPREAD)

    def bucket(self, key: bytes) -> int:
        """The bucket that a key belongs to."""
        crc = crc32(key)
        return crc * self._size >> 32

    def early_drop(self, key: bytes) -> int:
        """Make room for a new flow with this original key; returns how many flows were given up for it.

        Of up to eight buckets the first that has a confirmed flow without ASSURED loses all of those.
        """
        chains = self._index()
        first = self.bucket(key)
        for step in range(EARLY_DROP_BUCKETS):
            chain = chains.get((first + step) % self._size, ())
            spare = {node[0].id: node[0] for node in chain if _droppable(node[0])}
            if spare:
                for ct in spare.values():
                    self.net.delete(ct)
                return len(spare)
        return 0

    def gc_early_drop(self) -> None:
        """The collector's own early drop, asked for when the table was full: down to 95 hundredths of the maximum."""
        mark = self.maximum // 100 * 95
        if not mark:
            return
        for ct in list(self):
            if self.count < mark:
                break
            if not ct.status & DYING and (not ct.status & ASSURED or ct.l4.can_early_drop(ct)):
                self.net.delete(ct)

    def _put(self, ct: Conn, direction: int) -> None:
        self.nodes.put(ct, direction)
        if self._lengths is not None:
            bucket = self.bucket(ct.key(direction))
            self._lengths[bucket] += 1
            if self._chains is not None:
                self._chains.setdefault(bucket, []).insert(0, (ct, direction))

    def _tally(self) -> array[int]:
        """How many nodes each bucket has."""
        if self._lengths is None:
            self._lengths = array("I", bytes(4 * self._size))
            for key in self.nodes:
                self._lengths[self.bucket(key)] += 1
        return self._lengths

    def _index(self) -> dict[int, list[Node]]:
        """The chains of all buckets that are not empty, the latest node first."""
        if self._chains is None:
            self._tally()
            chains: dict[int, list[Node]] = {}
            for key, node in self.nodes.items():
                chains.setdefault(self.bucket(key), []).insert(0, node)
            self._chains = chains
        return self._chains


def _droppable(ct: Conn) -> bool:
    return ct.status & (ASSURED | CONFIRMED | DYING) == CONFIRMED


class _Random:
    """Numbers of no pattern, the same ones each time (a linear congruence): all that a chain's length needs."""

    def __init__(self) -> None:
        self._latest = 0

    def randrange(self, stop: int) -> int:
        """A number from 0 to below ``stop``."""
        self._latest = (self._latest * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._latest >> 16) % stop
