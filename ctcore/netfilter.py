"""Hook points, priorities and verdicts: where a packet meets conntrack and what may become of it.

The numbers are Linux's own. On the packet path verdicts are plain integers; ``Verdict`` is what people see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

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
