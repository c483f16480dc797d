"""Every hook, grouped by vtable, with the markers that specify and implement them.

The hooks bear the names of the kernel's callbacks (the l3proto and l4proto objects, helpers, extension types). A hook
gets its arguments by position on the packet path and by name through pluggy; an implementation may take fewer of them.
Packed tuples and their parts are described in ``ctcore.tuples``; times are nanoseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.expect import Expectation
    from ctcore.netfilter import HookOps
    from ctcore.netns import Net
    from ctcore.packet import Packet
    from ctcore.sysctl import Sysctl

CTCORE_PLUGIN_API: Final = 1
"""The version of the plugin API, of which this file is the greater part. docs/api.md tells when it changes."""

OLDEST_PLUGIN_API: Final = 1
"""The oldest version that is still served: a plugin whose ``ctcore_plugin_api`` is older or too new is left out."""

KINDS: Final = ("l3proto", "l4proto", "helper", "extension", "observer")

l3proto: Final = HookimplMarker("ctcore.l3proto")
l4proto: Final = HookimplMarker("ctcore.l4proto")
helper: Final = HookimplMarker("ctcore.helper")
extension: Final = HookimplMarker("ctcore.extension")
observer: Final = HookimplMarker("ctcore.observer")

_l3 = HookspecMarker("ctcore.l3proto")
_l4 = HookspecMarker("ctcore.l4proto")
_helper = HookspecMarker("ctcore.helper")
_extension = HookspecMarker("ctcore.extension")
_observer = HookspecMarker("ctcore.observer")

Fields = Sequence[tuple[str, "str | int"]]


class L3ProtoSpec:
    """The hooks of a network layer protocol; data: ``name``, ``l3num`` (address family), ``ethertype``.

    ``tuple_at``, (offset, length), may say where in a header of fixed layout both addresses stand.

    ``has_broadcast`` is true where the last address of a network means all its hosts.
    """

    @_l3(firstresult=True)
    def rcv(self, pkt: Packet) -> int:
        """Check the header of a packet that arrived at ``pkt.nhoff`` and set ``pkt.end`` from it.

        With that one look it may also set ``pkt.dataoff`` and ``pkt.protonum``; get_l4proto is then not asked.
        Returns ACCEPT, or DROP with a note where the kernel's receive path throws the packet away before any hook.
        ``pkt.hook`` tells where the packet is bound: LOCAL_OUT for one that the host itself sends.
        """

    @_l3(firstresult=True)
    def pkt_to_tuple(self, pkt: Packet, nhoff: int) -> bytes | None:
        """The source and destination address of the header at ``nhoff``, one after the other, or None."""

    @_l3(firstresult=True)
    def invert_tuple(self, addrs: bytes) -> bytes | None:
        """The addresses of the other direction, or None where there is none."""

    @_l3(firstresult=True)
    def get_l4proto(self, pkt: Packet, nhoff: int) -> tuple[int, int] | None:
        """Where the transport header begins and which protocol it is, or None where neither can be told."""

    @_l3(firstresult=True)
    def defrag(self, pkt: Packet, user: int) -> int:
        """Gather fragments for ``user`` (a number: different users never share a queue).

        Returns ACCEPT for what is whole (``pkt`` may have become the reassembled packet), STOLEN for a fragment that
        waits, DROP for one that was thrown away.
        """

    @_l3(firstresult=True)
    def route(self, pkt: Packet) -> int:
        """Where a packet goes after PRE_ROUTING: LOCAL_IN or FORWARD, or -1 with a note where it is dropped.

        ``pkt.l3.is_local(address)`` tells the addresses of the host itself.
        """

    @_l3(firstresult=True)
    def checksum(self, pkt: Packet, dataoff: int, protonum: int) -> bool:
        """Whether the checksum over the transport part is right; with ``protonum`` 0 without a pseudo header."""

    @_l3(firstresult=True)
    def checksum_partial(self, pkt: Packet, dataoff: int, length: int, protonum: int) -> bool:
        """Whether the checksum over the first ``length`` bytes of the transport part is right.

        The pseudo header has ``protonum`` and the length of the whole part.
        """

    @_l3(firstresult=True)
    def print_tuple(self, addrs: bytes, full: bool) -> Fields:
        """The addresses as (name, text) pairs; ``full`` asks for the uncompressed spelling of /proc."""

    @_l3(firstresult=True)
    def parse_network(self, text: str) -> tuple[bytes, bytes] | None:
        """``ADDRESS[/LEN]`` as (address, mask), both packed, or None where it is no network of this protocol."""

    @_l3(firstresult=True)
    def tuple_to_nlattr(self, addrs: bytes) -> bytes:
        """The addresses as the attributes inside CTA_TUPLE_IP."""

    @_l3(firstresult=True)
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """The addresses from the attributes inside CTA_TUPLE_IP (number -> payload), or None where one is missing."""

    @_l3(firstresult=True)
    def hook_ops(self, net: Net) -> Sequence[HookOps]:
        """The hook functions that put conntrack into this protocol's path, in a namespace."""

    @_l3(firstresult=True)
    def sysctls(self) -> Sequence[Sysctl]:
        """The settings that this protocol brings; their values live on the plugin object."""


class L4ProtoSpec:
    """The hooks of a transport protocol; data: ``name``, ``l4num`` (IP protocol number).

    ``tuple_at``, an offset, may say where in the header src.u and dst.u stand. ``state_names`` may say what the number
    ``ct.proto.state`` stands for, so that the state's name needs no ``protoinfo``.

    ``error_before_lookup`` may name the address family for which ``error`` is asked before the lookup; for every
    other packet it is asked after.
    """

    @_l4(firstresult=True)
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        """src.u and dst.u, four bytes in network order, or None where the header is not there.

        ``pkt.nhoff`` is where the network layer header begins that belongs to it: for a packet that an ICMP error
        quotes, the quoted one.
        """

    @_l4(firstresult=True)
    def invert_tuple(self, u: bytes) -> bytes | None:
        """src.u and dst.u of the other direction, or None where there can be none."""

    @_l4(firstresult=True)
    def error(self, pkt: Packet, dataoff: int) -> int:
        """Check the packet. Above 0: go on. Else INVALID, and the negated value is the verdict.

        Before the lookup it may set ``pkt.ct`` and ``pkt.ctinfo`` itself (an ICMP error is RELATED to a flow).
        """

    @_l4(firstresult=True)
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        """Whether this packet may open a flow; sets up ``ct.proto``. Asked for each packet of an unconfirmed flow."""

    @_l4(firstresult=True)
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        """Judge a packet of a flow and keep its state. Above 0: a verdict. Else INVALID; -REPEAT: look up again."""

    @_l4(firstresult=True)
    def destroy(self, ct: Conn) -> None:
        """The flow's memory is given back."""

    @_l4(firstresult=True)
    def can_early_drop(self, ct: Conn) -> bool:
        """Whether a full table may give up this flow although it is ASSURED."""

    @_l4(firstresult=True)
    def print_tuple(self, u: bytes) -> Fields:
        """src.u and dst.u as (name, value) pairs, in the order in which the kernel prints them."""

    @_l4(firstresult=True)
    def print_xml(self, u: bytes) -> Fields:
        """src.u and dst.u for ``-o xml``, where conntrack shows there what ``print_tuple`` does not."""

    @_l4(firstresult=True)
    def print_xml_state(self, ct: Conn) -> str:
        """The name of the state for ``-o xml``, where conntrack shows there another one than ``protoinfo`` tells."""

    @_l4(firstresult=True)
    def print_conntrack(self, ct: Conn) -> str:
        """The private part of a line of /proc/net/nf_conntrack, or an empty text."""

    @_l4(firstresult=True)
    def protoinfo(self, ct: Conn) -> Mapping[str, Any]:
        """The private state for people and programs; ``state`` is the name of the state where there is one."""

    @_l4(firstresult=True)
    def print_save(self, original: bytes, reply: bytes) -> Fields:
        """The options that tell this flow's transport parts to ``conntrack -I``, as (option, value) pairs."""

    @_l4(firstresult=True)
    def print_save_private(self, ct: Conn) -> Fields:
        """The options that tell this flow's private state to ``conntrack -I``, after ``--state``.

        Not asked for a message that tells the state alone (DESTROY) or nothing.
        """

    @_l4(firstresult=True)
    def to_nlattr(self, ct: Conn, destroy: bool) -> bytes:
        """The attributes inside CTA_PROTOINFO; only the state for a DESTROY message."""

    @_l4(firstresult=True)
    def from_nlattr(self, ct: Conn, attrs: Mapping[int, bytes]) -> None:
        """Set the private state from the attributes inside CTA_PROTOINFO (number -> payload)."""

    @_l4(firstresult=True)
    def tuple_to_nlattr(self, u: bytes) -> bytes:
        """src.u and dst.u as attributes inside CTA_TUPLE_PROTO (the protocol number is already there)."""

    @_l4(firstresult=True)
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        """src.u and dst.u from the attributes inside CTA_TUPLE_PROTO, or None where one is missing."""

    @_l4(firstresult=True)
    def sysctls(self) -> Sequence[Sysctl]:
        """The settings that this protocol brings; their values live on the plugin object."""


class HelperSpec:
    """The hooks of a helper; data: ``name``, ``l3num`` (0: any), ``l4num`` (one or a tuple), ``port``, ``policies``.

    ``private``, where there is one, is called for each flow that is given the helper: what it makes is at hand as
    ``help_data(ct).private``.
    """

    @_helper(firstresult=True)
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        """Look at a packet of a flow that has this helper, with the transport header at ``protoff``.

        The packet is whole: reassembled, and all bytes up to ``pkt.end`` are there. ``ctinfo`` tells its direction;
        with RELATED it is an ICMP error about the flow, or one of the first packets of an expected flow.

        Flows are announced with ``announce(pkt, expect(...))``. Returns a verdict: with any other than ACCEPT the
        packet goes no further, and a new flow does not enter the table.
        """

    @_helper(firstresult=True)
    def expectfn(self, ct: Conn, exp: Expectation) -> None:
        """A flow came that this helper had announced: ``ct``, not in the table yet, with its master and its mark."""

    @_helper(firstresult=True)
    def destroy(self, ct: Conn) -> None:
        """A flow with this helper is being deleted."""

    @_helper(firstresult=True)
    def print_private(self, ct: Conn) -> Mapping[str, Any]:
        """What the helper knows of the flow, for people."""

    @_helper(firstresult=True)
    def sysctls(self) -> Sequence[Sysctl]:
        """The settings that this helper brings: the parameters of its kernel module, named MODULE.PARAMETER."""


class ExtensionSpec:
    """The hooks of an extension type; data: ``name``, and ``id`` for the kernel's own types.

    ``switch`` may name a setting of the namespace, one of ``acct``, ``events``, ``labels_used`` and ``timestamp``:
    while that is off, ``create`` is asked only for flows that have a template.
    """

    @_extension(firstresult=True)
    def create(self, ct: Conn, tmpl: Conn | None) -> Any:
        """What to keep for a new flow (its template, if any, is at hand), or None for nothing."""

    @_extension(firstresult=True)
    def move(self, ct: Conn, data: Any) -> None:
        """The flow's extension block was made anew, larger: the data now lies in it."""

    @_extension(firstresult=True)
    def packet(self, ct: Conn, data: Any, pkt: Packet, ctinfo: int, verdict: int) -> None:
        """A packet of a flow with this data went all its way; ``verdict`` is what became of it."""

    @_extension(firstresult=True)
    def event(self, ct: Conn, data: Any, kind: int, mask: int) -> None:
        """An event message of a flow with this data, as observers get it."""

    @_extension(firstresult=True)
    def dump(self, ct: Conn, data: Any) -> Mapping[str, Any]:
        """The figures for ``-o json``, where they are in the flow's object ``ext`` under the type's name."""

    @_extension(firstresult=True)
    def column(self, ct: Conn, data: Any) -> Fields:
        """The (name, value) pairs that stand at the end of the flow's line in ``list`` and ``events``."""

    @_extension(firstresult=True)
    def destroy(self, ct: Conn, data: Any) -> None:
        """The flow's memory is given back."""


class ObserverSpec:
    """The hooks of a tool that watches every flow; data: ``name``."""

    @_observer
    def net_init(self, net: Net) -> None:
        """A namespace was set up."""

    @_observer
    def net_exit(self, net: Net) -> None:
        """A namespace is torn down."""

    @_observer
    def packet_seen(self, pkt: Packet, verdict: int) -> None:
        """A packet went all its way; ``verdict`` is what became of it."""

    @_observer
    def event(self, kind: int, ct: Conn, mask: int) -> None:
        """A flow's event message: ``kind`` is an ``EventKind``, ``mask`` has a bit for each ``Event`` in it."""

    @_observer
    def expectation_event(self, kind: int, exp: Expectation) -> None:
        """An expectation's event message: ``kind`` is an ``EventKind``, NEW or DESTROY."""


SPECS: Final[Mapping[str, type]] = {
    "l3proto": L3ProtoSpec,
    "l4proto": L4ProtoSpec,
    "helper": HelperSpec,
    "extension": ExtensionSpec,
    "observer": ObserverSpec,
}

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "l3proto": ("rcv", "pkt_to_tuple", "invert_tuple", "get_l4proto", "route", "print_tuple", "hook_ops"),
    "l4proto": ("pkt_to_tuple", "invert_tuple", "packet", "print_tuple"),
    "helper": ("help",),
    "extension": (),
    "observer": (),
}
