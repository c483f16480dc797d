"""What a plugin is on the packet path: its data, and its hooks bound to what must be called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ctcore.build import COMPILED
from ctcore.chain import HookTable
from ctcore.ops import L3Calls, L3Ops, L4Calls, L4Ops
from ctcore.registry import PluginInfo
from ctcore.vtable import VTable

if TYPE_CHECKING:
    from ctcore.conn import Conn
    from ctcore.expect import ExpectPolicy
    from ctcore.packet import Packet

Hook = Callable[..., Any]


def _nothing(*_: Any) -> Any:
    """What an optional hook that a plugin leaves out answers."""
    return None


def _empty(*_: Any) -> tuple[()]:
    return ()


def _mapping(*_: Any) -> dict[str, Any]:
    return {}


def _bytes(*_: Any) -> bytes:
    return b""


def _text(*_: Any) -> str:
    return ""


def _whole(*_: Any) -> int:
    return 1


def _l3_ops(slot: Any, plugin: Any, wrapped: bool) -> Any:
    """What the packet path calls: the slot's own callables; compiled, the plugin itself where it can be called so."""
    if not COMPILED:
        return slot
    return plugin if isinstance(plugin, L3Ops) and not wrapped else L3Calls(slot)


def _l4_ops(slot: Any, plugin: Any, wrapped: bool) -> Any:
    """As ``_l3_ops``."""
    if not COMPILED:
        return slot
    return plugin if isinstance(plugin, L4Ops) and not wrapped else L4Calls(slot)


class L3Slot:
    """A network layer protocol of one namespace; the hooks are those of ``L3ProtoSpec``.

    ``ask_l4proto``  true where somebody watches get_l4proto, so that it is asked even for what rcv has told already
    ``ops``          what is called for the hooks that every packet meets
    ``addrs_at``     where in the header the addresses of the tuple stand, ``addrs_len`` bytes of them; -1 where only
                     pkt_to_tuple knows
    ``local``        the networks whose addresses the host has, as (address, mask)
    ``broadcasts``   the broadcast addresses of its interfaces, with the network's mask or None
    """

    __slots__ = (
        "addrs_at",
        "addrs_len",
        "ask_l4proto",
        "broadcasts",
        "chains",
        "checksum",
        "checksum_partial",
        "defrag",
        "ethertype",
        "get_l4proto",
        "has_broadcast",
        "hook_ops",
        "hooks",
        "info",
        "invert_tuple",
        "l3num",
        "local",
        "name",
        "nlattr_to_tuple",
        "ops",
        "parse_network",
        "pkt_to_tuple",
        "plugin",
        "print_tuple",
        "rcv",
        "route",
        "suffix",
        "sysctls",
        "tuple_to_nlattr",
    )

    def __init__(self, info: PluginInfo, plugin: Any, table: VTable) -> None:
        self.info = info
        self.plugin = plugin
        self.name: str = plugin.name
        self.l3num: int = plugin.l3num
        self.ethertype: int = plugin.ethertype
        self.hooks = HookTable()
        self.chains = self.hooks.chains
        self.local: list[tuple[bytes, bytes]] = []
        self.broadcasts: dict[bytes, bytes | None] = {}
        self.has_broadcast: bool = getattr(plugin, "has_broadcast", False)
        self.suffix = [bytes((self.l3num, l4num)) for l4num in range(256)]

        def bind(hook: str, default: Hook = _nothing) -> Hook:
            return table.bind(plugin, hook) or default

        self.rcv = bind("rcv")
        self.pkt_to_tuple = bind("pkt_to_tuple")
        self.invert_tuple = bind("invert_tuple")
        self.get_l4proto = bind("get_l4proto")
        self.ask_l4proto = table.is_wrapped(plugin, "get_l4proto")
        self.defrag = bind("defrag", _whole)
        self.route = bind("route")
        self.checksum = bind("checksum", _whole)
        self.checksum_partial = bind("checksum_partial", _whole)
        self.print_tuple = table.bind_guarded(plugin, "print_tuple", ()) or _empty
        self.parse_network = bind("parse_network")
        self.tuple_to_nlattr = bind("tuple_to_nlattr")
        self.nlattr_to_tuple = bind("nlattr_to_tuple")
        self.hook_ops = bind("hook_ops", _empty)
        self.sysctls = bind("sysctls", _empty)
        self.ops = _l3_ops(self, plugin, any(table.is_wrapped(plugin, hook) for hook in ("rcv", "route", "checksum")))
        at, length = getattr(plugin, "tuple_at", None) or (-1, 0)
        self.addrs_at: int = -1 if table.is_wrapped(plugin, "pkt_to_tuple") else at
        self.addrs_len: int = length

    def is_local(self, address: bytes) -> bool:
        """Whether the host itself has this address (packed)."""
        value = int.from_bytes(address, "big")
        return any(
            len(address) == len(network) and not (value ^ int.from_bytes(network, "big")) & int.from_bytes(mask, "big")
            for network, mask in self.local
        )


class L4Slot:
    """A transport protocol of one namespace; the hooks are those of ``L4ProtoSpec``.

    ``ops``   what is called for the hooks that every packet meets
    ``state_names``  what ``ct.proto.state`` counts, where the plugin says so; else ``protoinfo`` tells the state's name
    ``u_at``  where in the header the four bytes of the tuple stand; -1 where only pkt_to_tuple knows
    """

    __slots__ = (
        "allow_clash",
        "can_early_drop",
        "destroy",
        "error",
        "error_before_lookup",
        "from_nlattr",
        "info",
        "invert_tuple",
        "name",
        "new",
        "nlattr_to_tuple",
        "ops",
        "packet",
        "pkt_to_tuple",
        "plugin",
        "print_conntrack",
        "print_save",
        "print_save_private",
        "print_tuple",
        "print_xml",
        "print_xml_state",
        "protoinfo",
        "state_names",
        "sysctls",
        "to_nlattr",
        "tuple_to_nlattr",
        "u_at",
    )

    def __init__(self, info: PluginInfo, plugin: Any, table: VTable) -> None:
        self.info = info
        self.plugin = plugin
        self.name: str = plugin.name
        self.error_before_lookup: int = getattr(plugin, "error_before_lookup", -1)
        self.allow_clash: bool = getattr(plugin, "allow_clash", False)
        self.state_names: Sequence[str] | None = getattr(plugin, "state_names", None)

        def bind(hook: str, default: Hook = _nothing) -> Hook:
            return table.bind(plugin, hook) or default

        self.error = bind("error", _whole)
        self.new = bind("new", _whole)
        self.pkt_to_tuple = bind("pkt_to_tuple")
        self.invert_tuple = bind("invert_tuple")
        self.packet = bind("packet")
        self.destroy = table.bind_guarded(plugin, "destroy")
        self.can_early_drop = table.bind_guarded(plugin, "can_early_drop", False) or _nothing
        self.print_tuple = table.bind_guarded(plugin, "print_tuple", ()) or _empty
        self.print_xml = table.bind_guarded(plugin, "print_xml", ()) or self.print_tuple
        self.print_xml_state = table.bind_guarded(plugin, "print_xml_state", "")
        self.print_conntrack = table.bind_guarded(plugin, "print_conntrack", "") or _text
        self.protoinfo = table.bind_guarded(plugin, "protoinfo", {}) or _mapping
        self.print_save = table.bind_guarded(plugin, "print_save", ())
        self.print_save_private = table.bind_guarded(plugin, "print_save_private", ()) or _empty
        self.to_nlattr = table.bind_guarded(plugin, "to_nlattr", b"") or _bytes
        self.from_nlattr = bind("from_nlattr")
        self.tuple_to_nlattr = bind("tuple_to_nlattr")
        self.nlattr_to_tuple = bind("nlattr_to_tuple")
        self.sysctls = bind("sysctls", _empty)
        self.ops = _l4_ops(self, plugin, any(table.is_wrapped(plugin, hook) for hook in ("error", "new", "packet")))
        at = getattr(plugin, "tuple_at", None)
        self.u_at: int = -1 if at is None or table.is_wrapped(plugin, "pkt_to_tuple") else at


class ExtSlot:
    """An extension type of one namespace: its place in the extension block, and the hooks of ``ExtensionSpec``.

    ``on_packet`` and ``on_event`` are for the namespace's lists of those who watch every flow: they pass on what
    concerns a flow with data of this type. A type without these hooks is in neither list.
    """

    __slots__ = (
        "column",
        "create",
        "destroy",
        "dump",
        "event",
        "id",
        "info",
        "move",
        "name",
        "packet",
        "plugin",
        "switch",
    )

    def __init__(self, info: PluginInfo, plugin: Any, table: VTable, ext_id: int) -> None:
        self.info = info
        self.plugin = plugin
        self.name: str = plugin.name
        self.id = ext_id
        self.switch: str | None = getattr(plugin, "switch", None)
        self.create: Hook | None = table.bind(plugin, "create")
        self.move = table.bind_guarded(plugin, "move")
        self.packet = table.bind_guarded(plugin, "packet")
        self.event = table.bind_guarded(plugin, "event")
        self.dump = table.bind_guarded(plugin, "dump", {})
        self.column = table.bind_guarded(plugin, "column", ())
        self.destroy = table.bind_guarded(plugin, "destroy")

    def on_packet(self, pkt: Packet, verdict: int) -> None:
        """A packet went all its way: tell the type, where its flow has such data."""
        ct = pkt.ct
        data = None if ct is None else ct.ext_find(self.id)
        if data is not None and self.packet is not None:
            self.packet(ct, data, pkt, pkt.ctinfo, verdict)

    def on_event(self, kind: int, ct: Conn, mask: int) -> None:
        """An event message was sent: tell the type, where its flow has such data."""
        data = ct.ext_find(self.id)
        if data is not None and self.event is not None:
            self.event(ct, data, kind, mask)


class HelperSlot:
    """A helper of one namespace for one of its protocols: its port, its classes, and the hooks of ``HelperSpec``.

    ``private()`` makes what the helper keeps for one flow; it is None for a helper that keeps nothing.
    """

    def __init__(self, info: PluginInfo, plugin: Any, table: VTable, l4num: int) -> None:
        self.info = info
        self.plugin = plugin
        self.name: str = plugin.name
        self.l3num: int = plugin.l3num
        self.l4num = l4num
        self.port: int = plugin.port
        self.private: Callable[[], Any] | None = getattr(plugin, "private", None)
        self.help = table.bind(plugin, "help") or _whole
        self.expectfn = table.bind_guarded(plugin, "expectfn")
        self.destroy = table.bind_guarded(plugin, "destroy")
        self.print_private = table.bind_guarded(plugin, "print_private", {}) or _mapping
        self.sysctls = table.bind(plugin, "sysctls") or _empty

    @property
    def policies(self) -> Sequence[ExpectPolicy]:
        """The classes of expectations; a setting may change them."""
        policies: Sequence[ExpectPolicy] = self.plugin.policies
        return policies
