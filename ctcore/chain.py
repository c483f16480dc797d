"""The hook functions of a network layer protocol, and a packet's walk along those of a hook point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ctcore.netfilter import ACCEPT, Hook, HookOps
from ctcore.ops import Call, HookFunction

if TYPE_CHECKING:
    from ctcore.packet import Packet


class Link:
    """A hook function in a chain; ``next`` is the link behind it, or None."""

    __slots__ = ("function", "next")

    def __init__(self, function: HookFunction, behind: Link | None) -> None:
        self.function = function
        self.next = behind

    def walk(self, pkt: Packet) -> int:
        """Pass a packet along the chain from here on; the first verdict that is not ACCEPT ends it and is returned."""
        link: Link | None = self
        while link is not None:
            verdict = link.function.run(pkt)
            if verdict != ACCEPT:
                return verdict
            link = link.next
        return ACCEPT


class HookTable:
    """The hook functions of one network layer protocol in one namespace.

    ``chains[hook]`` is the first link of the functions in the order in which they run, or None where there are none.
    """

    __slots__ = ("_ops", "chains")

    def __init__(self) -> None:
        self._ops: list[HookOps] = []
        self.chains: list[Link | None] = [None] * len(Hook)

    def register(self, ops: Iterable[HookOps]) -> None:
        """Add hook functions; those of equal priority run in the order of their registration."""
        self._ops.extend(ops)
        self._rebuild()

    def unregister(self, ops: Iterable[HookOps]) -> None:
        """Take hook functions away. Raises ValueError for one that was not registered."""
        for op in ops:
            self._ops.remove(op)
        self._rebuild()

    def _rebuild(self) -> None:
        self.chains[:] = [None] * len(Hook)
        ordered = sorted(self._ops, key=lambda op: op.priority)
        for op in ordered[::-1]:
            function = op.function if isinstance(op.function, HookFunction) else Call(op.function)
            self.chains[op.hook] = Link(function, self.chains[op.hook])

    def run(self, hook: int, pkt: Packet) -> int:
        """Pass a packet along one hook point; the first verdict that is not ACCEPT ends the walk and is returned."""
        pkt.hook = hook
        link = self.chains[hook]
        return ACCEPT if link is None else link.walk(pkt)
