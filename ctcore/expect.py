"""Expectations: flows that a helper announced, and that are RELATED when they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

from ctcore.common import CONFIRMED, DYING, EXT_HELPER, NEVER, EventKind
from ctcore.conn import Conn
from ctcore.sysctl import SECOND
from ctcore.tuples import Tuple

if TYPE_CHECKING:
    from ctcore.netns import Net
    from ctcore.slots import HelperSlot


SLACK: Final = 64  # how much that is over may wait in the heap, whatever the number of expectations


class ExpectFlag(IntFlag):
    """The flags of an expectation."""

    PERMANENT = 1
    INACTIVE = 2
    USERSPACE = 4


class ExpectError(Exception):
    """An expectation that cannot be inserted: the kernel's error name says why."""


@dataclass(frozen=True, slots=True)
class ExpectPolicy:
    """A helper's class of expectations: how many a master may have (0: any number), and their timeout in seconds."""

    max_expected: int
    timeout: int
    name: str = ""


class Expectation:
    """A flow that may come: ``tuple``, of which the source counts under ``mask_src`` and ``mask_u`` alone.

    ``expires`` is in nanoseconds; ``helper`` is the helper that the flow is given when it comes, or None.
    """

    __slots__ = ("class_", "expectfn", "expires", "flags", "helper", "mask_src", "mask_u", "master", "tuple")

    def __init__(self, master: Conn, tuple_: Tuple, mask_src: bytes, mask_u: bytes, class_: int = 0) -> None:
        self.master = master
        self.tuple = tuple_
        self.mask_src = mask_src
        self.mask_u = mask_u
        self.class_ = class_
        self.flags = 0
        self.helper: HelperSlot | None = None
        self.expectfn: Callable[[Conn, Expectation], None] | None = None
        self.expires = 0

    @property
    def mask(self) -> Tuple:
        """The mask as a tuple: the destination always counts as a whole."""
        t = self.tuple
        return t._replace(src=self.mask_src, src_u=self.mask_u, dst=b"\xff" * len(t.dst), dst_u=b"\xff\xff")

    def collides(self, t: Tuple, mask_src: bytes, mask_u: bytes) -> bool:
        """Whether a tuple equals this expectation's wherever the masks look."""
        e = self.tuple
        return (
            (e.dst, e.dst_u, e.l3num, e.l4num) == (t.dst, t.dst_u, t.l3num, t.l4num)
            and _under(e.src, mask_src) == _under(t.src, mask_src)
            and _under(e.src_u, mask_u) == _under(t.src_u, mask_u)
        )

    def matches(self, t: Tuple) -> bool:
        """Whether a new flow with this original tuple is the expected one."""
        return self.collides(t, self.mask_src, self.mask_u)


Bucket = tuple[bytes, bytes, int, int]


class ExpectTable:
    """The expectations of one namespace, the latest first. ``maximum`` is nf_conntrack_expect_max."""

    def __init__(self, net: Net, maximum: int) -> None:
        self.net = net
        self.maximum = maximum
        self.count = 0
        self.next = NEVER
        self._buckets: dict[Bucket, list[Expectation]] = {}
        self._due: list[tuple[int, int, Expectation]] = []  # a heap; what was removed or refreshed since is still in it
        self._serial = 0

    def __iter__(self) -> Iterator[Expectation]:
        for bucket in self._buckets.values():
            yield from bucket

    def of(self, master: Conn) -> list[Expectation]:
        """A master's expectations, the latest first."""
        data = master.ext_find(EXT_HELPER)
        return data.expectations if data is not None else []

    def insert(self, exp: Expectation, now: int, skip_master: bool = False) -> None:
        """Announce a flow. Raises ExpectError with ESHUTDOWN, EALREADY, EBUSY or EMFILE, as the kernel answers.

        With ``skip_master`` an equal expectation of another master is found too.
        """
        data = exp.master.ext_find(EXT_HELPER)
        if data is None:
            raise ExpectError("ESHUTDOWN")
        self._make_way(exp, skip_master)
        policy: ExpectPolicy = data.helper.policies[exp.class_]
        own = [other for other in data.expectations if other.class_ == exp.class_]
        if policy.max_expected and len(own) >= policy.max_expected:
            self.remove(own[-1])
        if self.count >= self.maximum:
            raise ExpectError("EMFILE")
        if exp.expectfn is None:
            exp.expectfn = data.helper.expectfn
        data.expectations.insert(0, exp)
        self._buckets.setdefault(_bucket(exp.tuple), []).insert(0, exp)
        self.count += 1
        self.refresh(exp, now + policy.timeout * SECOND)
        self.net.stat.expect_create += 1
        self.net.notifier.expectation(EventKind.NEW, exp)

    def _make_way(self, exp: Expectation, skip_master: bool) -> None:
        for other in self._buckets.get(_bucket(exp.tuple), ()):
            if other.master.zone.id != exp.master.zone.id:
                continue
            same = (other.tuple, other.mask_src, other.mask_u) == (exp.tuple, exp.mask_src, exp.mask_u)
            if same and (skip_master or other.master is exp.master):
                if other.class_ != exp.class_ or other.master is not exp.master:
                    raise ExpectError("EALREADY")
                self.remove(other)
                return
            if other.collides(exp.tuple, _both(other.mask_src, exp.mask_src), _both(other.mask_u, exp.mask_u)):
                raise ExpectError("EBUSY")

    def refresh(self, exp: Expectation, expires: int) -> None:
        """Let an expectation live until ``expires`` (nanoseconds)."""
        exp.expires = expires
        if len(self._due) > 2 * self.count + SLACK:
            self._due = [due for due in self._due if self._is_due(*due)]
            heapify(self._due)
        self._serial += 1
        heappush(self._due, (expires, self._serial, exp))
        self.next = self._due[0][0]
        self.net.wheel.wake(self.next)

    def peek(self, t: Tuple, zone_id: int) -> Expectation | None:
        """The expectation that a flow with this original tuple would meet, whatever its flags; nothing is consumed."""
        for exp in self._buckets.get(_bucket(t), ()):
            if exp.master.zone.id == zone_id and exp.matches(t):
                return exp
        return None

    def find(self, packed: bytes, zone_id: int) -> Expectation | None:
        """The expectation that a new flow fulfils, if any; it is consumed unless it is permanent."""
        t = Tuple.unpack(packed)
        for exp in self._buckets.get(_bucket(t), ()):
            if exp.flags & ExpectFlag.INACTIVE or exp.master.zone.id != zone_id or not exp.matches(t):
                continue
            if exp.master.status & (CONFIRMED | DYING) != CONFIRMED:
                return None
            if not exp.flags & ExpectFlag.PERMANENT:
                self.remove(exp)
            return exp
        return None

    def remove(self, exp: Expectation) -> None:
        """Take an expectation back, whatever the cause."""
        key = _bucket(exp.tuple)
        bucket = self._buckets[key]
        bucket.remove(exp)
        if not bucket:
            del self._buckets[key]
        self.of(exp.master).remove(exp)
        self.count -= 1
        self.net.stat.expect_delete += 1
        self.net.notifier.expectation(EventKind.DESTROY, exp)

    def remove_all(self, master: Conn) -> None:
        """Take all expectations of a master back: it is dying."""
        for exp in list(self.of(master)):
            self.remove(exp)

    def expire(self, now: int) -> None:
        """Take back what nobody came for until ``now`` (nanoseconds)."""
        while self._due and self._due[0][0] <= now:
            due = heappop(self._due)
            if self._is_due(*due):
                self.remove(due[2])
        self.next = self._due[0][0] if self._due else NEVER

    def _is_due(self, expires: int, serial: int, exp: Expectation) -> bool:
        """Whether an expectation is still there, and still to end at that time."""
        return exp.expires == expires and exp in self._buckets.get(_bucket(exp.tuple), ())


def _bucket(t: Tuple) -> Bucket:
    return t.dst, t.dst_u, t.l3num, t.l4num


def _under(value: bytes, mask: bytes) -> bytes:
    return bytes(v & m for v, m in zip(value, mask, strict=True))


_both = _under
