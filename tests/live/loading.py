"""Flows and expectations of ctcore, made from the kernel's netlink messages so that both print the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from ctcore.common import EXT_ACCT, EXT_HELPER, EXT_TSTAMP, Event, EventKind, ExtId
from ctcore.conn import Conn
from ctcore.expect import Expectation
from ctcore.extensions.acct import Counters
from ctcore.extensions.labels import LabelSet
from ctcore.extensions.tstamp import Timestamps
from ctcore.netns import Net
from ctcore.slots import L3Slot
from ctcore.sysctl import SECOND
from ctcore.tuples import Tuple
from ctcore.verify.netlink import Attributes, Message, attributes
from ctcore.zones import ZONE_DFLT, Zone

if TYPE_CHECKING:
    from ctcore_sctp.record import SctpState
    from ctcore_tcp.record import TcpState

ORIG, REPLY, STATUS, PROTOINFO, HELP, TIMEOUT, MARK, USE, ID = 1, 2, 3, 4, 5, 7, 8, 11, 12
COUNTERS: Final = (9, 10)
MASTER, ZONE, TIMES, LABELS, EVENT_TIME = 14, 18, 20, 22, 27
TUPLE_ZONE: Final = 3
TCP_NEST, SCTP_NEST = 1, 3
GRE: Final = 47
EXP_MASTER, EXP_TUPLE, EXP_MASK, EXP_TIMEOUT, EXP_HELPER, EXP_FLAGS, EXP_CLASS = 1, 2, 3, 4, 6, 8, 9
MASK_OF: Final = {MARK: Event.MARK, LABELS: Event.LABEL, PROTOINFO: Event.PROTOINFO, MASTER: Event.RELATED}
CREATED: Final = 0x600  # the flags of a message about something new
CLASS_NAMES: Final = {"sip": "signalling"}


def number(data: bytes) -> int:
    """An attribute's payload as a number."""
    return int.from_bytes(data, "big")


def event_of(message: Message) -> tuple[EventKind, int]:
    """What kind of event a message is, and the event mask that it must have come from."""
    if message.kind & 0xFF == 2:
        return EventKind.DESTROY, 1 << Event.DESTROY
    mask = sum(1 << event for attribute, event in MASK_OF.items() if attribute in message.attributes)
    return EventKind.NEW if message.flags & CREATED else EventKind.UPDATE, mask


class Loader:
    """Makes flows in a namespace of ctcore; the timeouts in messages count from ``now`` (nanoseconds)."""

    def __init__(self, net: Net, now: int) -> None:
        self.net = net
        self.now = now

    def l3(self, family: int) -> L3Slot:
        """The network layer protocol of an address family."""
        return next(slot for slot in self.net.l3protos.values() if slot.l3num == family)

    def tuple(self, data: bytes, family: int) -> tuple[bytes, int]:
        """A tuple nest as (packed tuple, zone id)."""
        nest = attributes(data)
        proto = attributes(nest[2])
        l4num = proto[1][0]
        addrs = self.l3(family).nlattr_to_tuple(attributes(nest[1]))
        u = self.net.l4protos[l4num].nlattr_to_tuple(proto) or bytes(4)
        return addrs + u + bytes((family, l4num)), number(nest.get(TUPLE_ZONE, b""))

    def flow(self, message: Message) -> Conn:
        """The flow that a message tells of."""
        found = message.attributes
        original, orig_zone = self.tuple(found[ORIG], message.family)
        reply, reply_zone = self.tuple(found[REPLY], message.family)
        both = number(found.get(ZONE, b""))
        zone = Zone(both or orig_zone or reply_zone, 3 if both else 1 if orig_zone else 2)
        l3, l4 = self.l3(message.family), self.net.l4protos[original[-1]]
        ct = Conn(self.net, l3, l4, original, reply, zone if zone.id else ZONE_DFLT)
        self._extensions(ct, found)
        ct.id = number(found[ID])
        ct.mark = number(found.get(MARK, b""))
        ct.timeout = self.now + number(found.get(TIMEOUT, b"")) * SECOND
        ct.children = number(found.get(USE, b"\1")) - 1
        ct.status = number(found[STATUS])
        ct.proto = _private(ct, found)
        if MASTER in found:
            packed = self.tuple(found[MASTER], message.family)[0]
            ct.master = Conn(self.net, l3, self.net.l4protos[packed[-1]], packed, packed)
        return ct

    def _extensions(self, ct: Conn, found: Attributes) -> None:
        if COUNTERS[0] in found:
            counters = ct.ext_add(EXT_ACCT, Counters())
            for direction, kind in enumerate(COUNTERS):
                nest = attributes(found[kind])
                counters.packets[direction], counters.bytes[direction] = number(nest[1]), number(nest[2])
        if TIMES in found or EVENT_TIME in found:
            nest = attributes(found.get(TIMES, b""))
            times = ct.ext_add(EXT_TSTAMP, Timestamps())
            times.start, times.stop = number(nest.get(1, b"")), number(nest.get(2, b""))
        if HELP in found:
            ct.ext_add(EXT_HELPER, _helper(attributes(found[HELP])[1]))
        if LABELS in found:
            ct.ext_add(ExtId.LABELS, LabelSet()).bits = int.from_bytes(found[LABELS], "little")

    def expectation(self, message: Message) -> Expectation:
        """The expectation that a message tells of."""
        found, family = message.attributes, message.family
        master_tuple = self.tuple(found[EXP_MASTER], family)[0]
        master = Conn(self.net, self.l3(family), self.net.l4protos[master_tuple[-1]], master_tuple, b"")
        if EXP_HELPER in found:
            master.ext_add(EXT_HELPER, _helper(found[EXP_HELPER]))
        mask = Tuple.unpack(self.tuple(found[EXP_MASK], family)[0])
        wanted = Tuple.unpack(self.tuple(found[EXP_TUPLE], family)[0])
        exp = Expectation(master, wanted, mask.src, mask.src_u, number(found[EXP_CLASS]))
        exp.flags = number(found[EXP_FLAGS])
        exp.expires = self.now + number(found[EXP_TIMEOUT]) * SECOND
        return exp


def _helper(name: bytes) -> SimpleNamespace:
    """What stands for a helper's extension data: the name, and that of its first class of expectations."""
    text = name.rstrip(b"\0").decode()
    policies = [SimpleNamespace(name=CLASS_NAMES.get(text, ""))]
    return SimpleNamespace(helper=SimpleNamespace(name=text, policies=policies))


def _private(ct: Conn, found: Attributes) -> Any:
    """The private state that a message tells of; GRE's timeouts are never told, so they are the defaults."""
    if ct.original[-1] == GRE:
        return [30 * SECOND, 180 * SECOND]
    nests = attributes(found.get(PROTOINFO, b""))
    if SCTP_NEST in nests:
        return _sctp(attributes(nests[SCTP_NEST]))
    return _tcp(attributes(nests[TCP_NEST])) if TCP_NEST in nests else None


def _sctp(nest: Attributes) -> SctpState:
    from ctcore_sctp.record import SctpState  # the module is collected where SCTP is not installed, too

    sctp = SctpState()
    sctp.state = nest[1][0]
    sctp.vtag[:] = number(nest.get(2, b"")), number(nest.get(3, b""))
    return sctp


def _tcp(nest: Attributes) -> TcpState:
    from ctcore_tcp.record import TcpState  # the module is collected where TCP is not installed, too

    tcp = TcpState()
    tcp.state = nest[1][0]
    for side, scale, flags in ((tcp.side(0), 2, 4), (tcp.side(1), 3, 5)):
        side.scale, side.flags = nest.get(scale, b"\0")[0], nest.get(flags, b"\0")[0]
    return tcp
