"""Hook points, priorities and verdicts: where a packet meets conntrack and what may become of it.

The numbers are Linux's own. On the packet path verdicts are plain integers; ``Verdict`` is what people see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ctcore.ops import Call, HookFunction

if TYPE_CHECKING:
    from ctcore.packet import Packet


class Verdict(IntEnum):
    """What a hook function decided about a packet (linux/netfilter.h)."""

    DROP = 0
    ACCEPT = 1
    STOLEN = 2
    QUEUE = 3
    REPEAT = 4
    STOP = 5


class Hook(IntEnum):
    """The five hook points of the IP layer (linux/netfilter.h)."""

    PRE_ROUTING = 0
    LOCAL_IN = 1
    FORWARD = 2
    LOCAL_OUT = 3
    POST_ROUTING = 4


class Priority(IntEnum):
    """When a hook function runs at its hook point; lower runs first (linux/netfilter_ipv4.h)."""

    CONNTRACK_DEFRAG = -400
    RAW = -300
    CONNTRACK = -200
    MANGLE = -150
    NAT_DST = -100
    FILTER = 0
    SECURITY = 50
    NAT_SRC = 100
    CONNTRACK_CONFIRM = 2**31 - 1


DROP: Final = int(Verdict.DROP)
ACCEPT: Final = int(Verdict.ACCEPT)
STOLEN: Final = int(Verdict.STOLEN)
REPEAT: Final = int(Verdict.REPEAT)

PRE_ROUTING: Final = int(Hook.PRE_ROUTING)
LOCAL_IN: Final = int(Hook.LOCAL_IN)
FORWARD: Final = int(Hook.FORWARD)
LOCAL_OUT: Final = int(Hook.LOCAL_OUT)
POST_ROUTING: Final = int(Hook.POST_ROUTING)


@dataclass(frozen=True, slots=True)
class HookOps:
    """One registration: ``function(packet) -> verdict`` runs at ``hook``, ordered by ``priority``."""

    hook: int
    priority: int
    function: Callable[[Packet], int]


class HookTable:
    """The hook functions of one network layer protocol in one namespace.

    ``chains[hook]`` is the tuple of functions in the order in which they run: what the packet path walks.
    """

    __slots__ = ("_ops", "chains")

    def __init__(self) -> None:
        self._ops: list[HookOps] = []
        self.chains: list[tuple[HookFunction, ...]] = [()] * len(Hook)

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
        ordered = sorted(self._ops, key=lambda op: op.priority)
        for hook in Hook:
            functions = (op.function for op in ordered if op.hook == hook)
            self.chains[hook] = tuple(each if isinstance(each, HookFunction) else Call(each) for each in functions)

    def run(self, hook: int, pkt: Packet) -> int:
        """Pass a packet along one hook point; the first verdict that is not ACCEPT ends the walk and is returned."""
        pkt.hook = hook
        for function in self.chains[hook]:
            verdict = function.run(pkt)
            if verdict != ACCEPT:
                return verdict
        return ACCEPT
