"""A toy network and transport protocol, so that the core can be tested with no protocol plugin installed.

A toy packet is ``src dst proto flags`` (a byte each), and for the toy transport ``sport dport`` (two bytes each) and
``do`` (a byte): what the tracker shall make of it. ``ToyNet`` is a ``Conntrack`` over both, strict, with the core's
extension types.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, Final

from ctcore import Conn, Conntrack, HookOps, Net, Packet, Priority, Registry, Result, Sysctl
from ctcore.common import ASSURED, CONFIRMED, Event
from ctcore.extensions.acct import Acct
from ctcore.extensions.ecache import Ecache
from ctcore.extensions.helper import Helper
from ctcore.extensions.labels import Labels
from ctcore.extensions.nat import Nat
from ctcore.extensions.seqadj import Seqadj
from ctcore.extensions.timeout import Timeout
from ctcore.extensions.tstamp import Tstamp
from ctcore.hookspecs import Fields, l3proto, l4proto
from ctcore.netfilter import ACCEPT, DROP, FORWARD, LOCAL_IN, LOCAL_OUT, POST_ROUTING, PRE_ROUTING, REPEAT
from ctcore.ports import invert_ports, ports_of, print_ports
from ctcore.sysctl import SECOND, timeout

ETHERTYPE: Final = 0x88B5  # for local experiments (IEEE 802)
TOY3, TOY4, RACE4, OTHER4 = 200, 253, 254, 250
START: Final = 1_000 * SECOND
TIMEOUT: Final = 10  # seconds
EXTENSIONS: Final = (Helper, Nat, Seqadj, Acct, Ecache, Tstamp, Timeout, Labels)


NO_INVERSE: Final = 0xDEAD  # a source port whose tuple has no inverse


class Flag:
    """Bits of the header's fourth byte."""

    NO_TRANSPORT = 0x80  # get_l4proto cannot tell
    NO_ROUTE = 0x40
    NO_TUPLE = 0x20


class Do(IntEnum):
    """What the toy tracker shall make of a packet."""

    ACCEPT = 0
    NOT_NEW = 1  # may not open a flow
    INVALID = 2
    DROP = 3
    IGNORE = 4  # accepted, neither counted nor refreshed
    REOPEN = 5  # end the flow, where it is confirmed, and look up again
    ASSURE = 6
    CLOSING = 7  # assured, and yet a flow that a full table may give up
    ERROR = 8  # the error stage finds it INVALID
    ERROR_DROP = 9
    CHANGE = 10  # the private state changes: an event


class Toy3:
    """One byte of address."""

    name = "toy3"
    l3num = TOY3
    ethertype = ETHERTYPE

    @l3proto
    def rcv(self, pkt: Packet) -> int:
        if pkt.avail - pkt.nhoff < 4:
            pkt.note("the toy header is not all there")
            return DROP
        pkt.end = pkt.avail
        return ACCEPT

    @l3proto
    def pkt_to_tuple(self, pkt: Packet, nhoff: int) -> bytes | None:
        return pkt.buf[nhoff : nhoff + 2] if pkt.avail - nhoff >= 4 else None

    @l3proto
    def invert_tuple(self, addrs: bytes) -> bytes | None:
        return addrs[::-1]

    @l3proto
    def get_l4proto(self, pkt: Packet, nhoff: int) -> tuple[int, int] | None:
        if pkt.avail - nhoff < 4 or pkt.buf[nhoff + 3] & Flag.NO_TRANSPORT:
            return None
        return nhoff + 4, pkt.buf[nhoff + 2]

    @l3proto
    def route(self, pkt: Packet) -> int:
        if pkt.buf[pkt.nhoff + 3] & Flag.NO_ROUTE:
            pkt.note("no route")
            return -1
        return LOCAL_IN if pkt.l3.is_local(pkt.buf[pkt.nhoff + 1 : pkt.nhoff + 2]) else FORWARD

    @l3proto
    def print_tuple(self, addrs: bytes) -> Fields:
        return (("src", f"toy:{addrs[0]}"), ("dst", f"toy:{addrs[1]}"))

    @l3proto
    def parse_network(self, text: str) -> tuple[bytes, bytes] | None:
        return (bytes([int(text[4:])]), b"\xff") if text.startswith("toy:") else None

    @l3proto
    def hook_ops(self, net: Net) -> Sequence[HookOps]:
        into, out_of = net.conntrack_in, net.confirm
        return (
            HookOps(PRE_ROUTING, Priority.CONNTRACK, into),
            HookOps(LOCAL_OUT, Priority.CONNTRACK, into),
            HookOps(POST_ROUTING, Priority.CONNTRACK_CONFIRM, out_of),
            HookOps(LOCAL_IN, Priority.CONNTRACK_CONFIRM, out_of),
        )


class Toy4:
    """Ports, and a byte that says what to do."""

    name = "toy4"
    l4num = TOY4

    def __init__(self) -> None:
        self.timeouts = [0]
        self.destroyed: list[int] = []

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        if pkt.avail - dataoff < 5 or pkt.buf[pkt.nhoff + 3] & Flag.NO_TUPLE:
            return None
        return ports_of(pkt, dataoff)

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes | None:
        return None if int.from_bytes(u[:2], "big") == NO_INVERSE else invert_ports(u)

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        do = pkt.buf[dataoff + 4]
        if do == Do.ERROR:
            pkt.log_invalid(self.l4num, "toy error")
        if do == Do.ERROR_DROP:
            return -DROP
        return -ACCEPT if do == Do.ERROR else ACCEPT

    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        return pkt.buf[dataoff + 4] != Do.NOT_NEW

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        do = pkt.buf[dataoff + 4]
        if do in (Do.INVALID, Do.DROP):
            return -ACCEPT if do == Do.INVALID else -DROP
        if do == Do.REOPEN and ct.status & CONFIRMED:
            pkt.net.delete(ct)
            return -REPEAT
        if do == Do.IGNORE:
            return ACCEPT
        if do in (Do.ASSURE, Do.CLOSING) and not ct.status & ASSURED:
            ct.status |= ASSURED
            ct.cache_event(Event.ASSURED)
        if do in (Do.CHANGE, Do.CLOSING):
            ct.proto = do
            ct.cache_event(Event.PROTOINFO)
        ct.refresh_acct(pkt, ctinfo, (ct.policy or self.timeouts)[0])
        return ACCEPT

    @l4proto
    def can_early_drop(self, ct: Conn) -> bool:
        return bool(ct.proto == Do.CLOSING)

    @l4proto
    def destroy(self, ct: Conn) -> None:
        self.destroyed.append(ct.id)

    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        return print_ports(u)

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        return [timeout("nf_conntrack_toy_timeout", TIMEOUT, "timeouts", "a toy flow", 0)]


class Race4(Toy4):
    """The same under another number, for a protocol whose first packets may race."""

    name = "race4"
    l4num = RACE4
    allow_clash = True

    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        return [timeout("nf_conntrack_race_timeout", TIMEOUT, "timeouts", "a racing toy flow", 0)]


def registry(*extra: tuple[str, Any], strict: bool = True) -> Registry:
    """The toys, the core's extension types, and (kind, plugin) pairs of the test's own."""
    made = Registry(strict)
    for ext in EXTENSIONS:
        made.add("extension", ext, distribution="ctcore")
    for kind, target in (("l3proto", Toy3), ("l4proto", Toy4), ("l4proto", Race4), *extra):
        made.add(kind, target)
    return made


def frame(
    src: int = 1,
    dst: int = 2,
    sport: int = 1000,
    dport: int = 80,
    do: Do = Do.ACCEPT,
    proto: int = TOY4,
    flags: int = 0,
    more: bytes = b"",
) -> bytes:
    """A toy packet."""
    ports = sport.to_bytes(2, "big") + dport.to_bytes(2, "big")
    return bytes((src, dst, proto, flags)) + ports + bytes((do,)) + more


def packed(src: int = 1, dst: int = 2, sport: int = 1000, dport: int = 80, proto: int = TOY4) -> bytes:
    """The packed tuple of such a packet."""
    return frame(src, dst, sport, dport)[:2] + frame(src, dst, sport, dport)[4:8] + bytes((TOY3, proto))


class ToyNet(Conntrack):
    """Send toy packets; ``after`` moves the clock on by so many seconds first."""

    def __init__(
        self,
        *extra: tuple[str, Any],
        strict: bool = True,
        local: Iterable[str] = (),
        frozen: bool = False,
        listen: bool = True,
        **sysctls: int,
    ) -> None:
        super().__init__(registry(*extra, strict=strict), sysctls, local, frozen, listen)
        self.time = START

    def send(self, *args: Any, after: float = 0, **kwargs: Any) -> Result:
        """``frame(*args, **kwargs)`` arrives."""
        self.time += round(after * SECOND)
        return self.feed(frame(*args, **kwargs), self.time, ETHERTYPE)

    def reply(self, src: int = 1, dst: int = 2, sport: int = 1000, dport: int = 80, **kwargs: Any) -> Result:
        """The answer to ``send`` with these arguments arrives."""
        return self.send(dst, src, dport, sport, **kwargs)

    def sleep(self, seconds: float) -> Result:
        """Time passes: a packet that conntrack does not see arrives."""
        self.time += round(seconds * SECOND)
        return self.feed(b"", self.time, 0)

    def hook(self, hook: int, priority: int, function: Callable[[Packet], int]) -> None:
        """Run a function of the test's own on the toy protocol's packets."""
        self.net.l3protos[ETHERTYPE].hooks.register([HookOps(hook, priority, function)])

    def attach(self, tmpl: Conn | None) -> None:
        """From now on every packet comes with this template, as a rule of the raw table attaches it."""
        self._template = tmpl
        if not hasattr(self, "_attaching"):
            self._attaching = True
            self.hook(PRE_ROUTING, Priority.RAW, self._attach)

    def _attach(self, pkt: Packet) -> int:
        pkt.ct = self._template
        return ACCEPT

    def flow(self, *args: Any, **kwargs: Any) -> Conn | None:
        """The flow that a packet of ``frame(*args, **kwargs)`` belongs to in zone 0."""
        node = self.net.find(packed(*args, **kwargs))
        return None if node is None else node[0]

    def counters(self) -> dict[str, int]:
        """The statistics that are not 0."""
        return {name: value for name, value in self.net.stat.items() if value}


def names(events: Sequence[dict[str, Any]]) -> list[str]:
    """The kinds of event messages."""
    return [event["type"] for event in events]
