"""From a registry's plugins to a namespace that has each of them in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ctcore.checks import protocols_of
from ctcore.errors import CtcoreError, PluginError
from ctcore.generic import Generic, NoL3
from ctcore.hookspecs import KINDS
from ctcore.registry import PluginInfo
from ctcore.slots import ExtSlot, HelperSlot, L3Slot, L4Slot
from ctcore.tracing import Tracer
from ctcore.vtable import VTable

if TYPE_CHECKING:
    from ctcore.netns import Net

OWN: Final = "ctcore"


class Plugs:
    """The plugin objects of one namespace, made and put in their places.

    ``generic`` fills every transport slot that no plugin claims, ``l3_none`` stands for an unknown network layer.
    Raises PluginError where a plugin fails while it is set up: a namespace is whole or not at all.
    """

    def __init__(self, net: Net) -> None:
        self.net = net
        tracer = Tracer.of_environment()
        self.vtables = {kind: VTable(kind, net.faults, tracer) for kind in KINDS}
        self.observers: list[tuple[PluginInfo, Any]] = []
        generic = Generic()
        self.vtables["l4proto"].register(generic)
        made = self._make_all()
        self.generic = L4Slot(_own("l4proto", "generic", Generic), generic, self.vtables["l4proto"])
        self.l3_none = L3Slot(_own("l3proto", "unknown", NoL3), NoL3(), self.vtables["l3proto"])
        net.l4protos[:] = [self.generic] * 256
        net.sysctl.declare_all(generic, self.generic.sysctls())
        places = {
            "l3proto": self._l3proto,
            "l4proto": self._l4proto,
            "helper": self._helper,
            "extension": self._extension,
            "observer": self._observer,
        }
        for info, plugin in made:
            if not info.wraps:
                _step(info, places[info.kind], info, plugin)

    def begin(self) -> None:
        """Tell the observers that the namespace stands."""
        for info, plugin in self.observers:
            net_init = self.vtables["observer"].bind(plugin, "net_init")
            if net_init is not None:
                _step(info, net_init, self.net)

    def end(self) -> None:
        """Tell the observers that the namespace is torn down."""
        for _, plugin in self.observers:
            net_exit = self.vtables["observer"].bind_guarded(plugin, "net_exit")
            if net_exit is not None:
                net_exit(self.net)

    def _make_all(self) -> list[tuple[PluginInfo, Any]]:
        """Make every object before any is bound: a wrapper may come after what it wraps."""
        made: list[tuple[PluginInfo, Any]] = []
        for kind, table in self.vtables.items():
            for info in self.net.registry.loaded(kind):
                plugin = info.factory()
                table.register(plugin)
                self.net.faults.watch(info, plugin)
                made.append((info, plugin))
        return made

    def _l3proto(self, info: PluginInfo, plugin: Any) -> None:
        slot = L3Slot(info, plugin, self.vtables["l3proto"])
        self.net.sysctl.declare_all(plugin, slot.sysctls())
        slot.hooks.register(slot.hook_ops(self.net))
        self.net.l3protos[slot.ethertype] = slot

    def _l4proto(self, info: PluginInfo, plugin: Any) -> None:
        slot = L4Slot(info, plugin, self.vtables["l4proto"])
        self.net.sysctl.declare_all(plugin, slot.sysctls())
        self.net.l4protos[plugin.l4num] = slot

    def _helper(self, info: PluginInfo, plugin: Any) -> None:
        slots = [HelperSlot(info, plugin, self.vtables["helper"], l4num) for l4num in protocols_of(plugin)]
        self.net.sysctl.declare_all(plugin, slots[0].sysctls())
        for slot in slots:
            self.net.helpers.register(slot)

    def _extension(self, info: PluginInfo, plugin: Any) -> None:
        ext_id = getattr(plugin, "id", None) if info.distribution == OWN else None
        if ext_id is None:
            ext_id = self.net.ext_size
            self.net.ext_size += 1
        slot = ExtSlot(info, plugin, self.vtables["extension"], int(ext_id))
        self.net.ext_types.append(slot)
        if slot.create is not None:
            self.net.ext_creators.append(slot)
        if slot.packet is not None:
            self.net.packet_observers.append(slot.on_packet)
        if slot.event is not None:
            self.net.notifier.listeners.append(slot.on_event)
        if slot.dump is not None or slot.column is not None:
            self.net.ext_shown.append(slot)

    def _observer(self, info: PluginInfo, plugin: Any) -> None:
        self.observers.append((info, plugin))
        for hook, listeners in (
            ("packet_seen", self.net.packet_observers),
            ("event", self.net.notifier.listeners),
            ("expectation_event", self.net.notifier.expect_listeners),
        ):
            function = self.vtables["observer"].bind_guarded(plugin, hook)
            if function is not None:
                listeners.append(function)


def _own(kind: str, name: str, factory: type) -> PluginInfo:
    return PluginInfo(kind, name, factory, OWN, "")


def _step(info: PluginInfo, step: Callable[..., Any], *args: Any) -> None:
    try:
        step(*args)
    except CtcoreError:
        raise
    except Exception as error:
        raise PluginError(f"{info} cannot be set up: {type(error).__name__}: {error}") from error
