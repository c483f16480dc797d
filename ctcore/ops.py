"""The steps that every packet takes, as methods of classes that a compiled core can call without going through Python.

A protocol plugin may derive from ``L3Ops`` or ``L4Ops``, and a hook function from ``HookFunction``. Interpreted, that
changes nothing. Where core and plugin are compiled, the call costs what a call of C costs; any other plugin is called
as the Python object that it is, and only its own packets pay for that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ctcore.errors import AnswerError

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.packet import Packet


class HookFunction:
    """A hook function: ``run(packet) -> verdict``."""

    def run(self, pkt: Packet) -> int:
        """What is done with the packet at the hook point; returns a verdict."""
        raise NotImplementedError

    def __call__(self, pkt: Packet) -> int:
        """The same."""
        return self.run(pkt)


class Call(HookFunction):
    """Any callable as a hook function."""

    def __init__(self, function: Callable[[Packet], int]) -> None:
        self.function = function

    def run(self, pkt: Packet) -> int:
        """Its answer."""
        return self.function(pkt)


class L3Ops:
    """The hooks of ``L3ProtoSpec`` that every packet meets."""

    def rcv(self, pkt: Packet) -> int:
        """As specified."""
        raise NotImplementedError

    def route(self, pkt: Packet) -> int:
        """As specified."""
        raise NotImplementedError

    def checksum(self, pkt: Packet, dataoff: int, protonum: int) -> bool:
        """As specified; a protocol without checksums has none that is wrong."""
        return True


class L4Ops:
    """The hooks of ``L4ProtoSpec`` that every packet meets."""

    def error(self, pkt: Packet, dataoff: int) -> int:
        """As specified; a protocol without this hook finds no fault."""
        return 1

    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """As specified; a protocol without this hook lets every packet open a flow."""
        return True

    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """As specified."""
        raise NotImplementedError


class L3Calls(L3Ops):
    """A network layer protocol whose hooks are Python callables, or are wrapped by somebody."""

    def __init__(self, slot: Any) -> None:
        self.slot = slot

    def rcv(self, pkt: Packet) -> int:
        """The callable's answer."""
        verdict: int = self.slot.rcv(pkt)
        return verdict

    def route(self, pkt: Packet) -> int:
        """The callable's answer."""
        hook: int = self.slot.route(pkt)
        return hook

    def checksum(self, pkt: Packet, dataoff: int, protonum: int) -> bool:
        """The callable's answer."""
        return bool(self.slot.checksum(pkt, dataoff, protonum))


class L4Calls(L4Ops):
    """A transport protocol whose hooks are Python callables, or are wrapped by somebody."""

    def __init__(self, slot: Any) -> None:
        self.slot = slot

    def error(self, pkt: Packet, dataoff: int) -> int:
        """The callable's answer."""
        return _answer(self.slot, "error", self.slot.error(pkt, dataoff))

    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """The callable's answer."""
        return bool(self.slot.new(ct, pkt, dataoff))

    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """The callable's answer."""
        return _answer(self.slot, "packet", self.slot.packet(ct, pkt, dataoff, ctinfo))


def _answer(slot: Any, hook: str, answer: Any) -> int:
    if isinstance(answer, int):
        return answer
    raise AnswerError(slot.plugin, hook, answer)
