"""Find plugins through entry points, check each on its own, and keep account of what was left out and why."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any, Final, NamedTuple

from ctcore.checks import check_extension, check_helper, check_hooks, protocols_of
from ctcore.choice import Choice
from ctcore.errors import PluginError
from ctcore.hookspecs import CTCORE_PLUGIN_API, KINDS, OLDEST_PLUGIN_API, REQUIRED
from ctcore.manager import Manager
from ctcore.onefile import plugins_of
from ctcore.settings import CORE_SYSCTLS

OWN: Final = "ctcore"
NUMBERS: Final = {"l3proto": ("l3num", 255), "l4proto": ("l4num", 255)}


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin that was found: loaded where ``problem`` is None, else left out for that reason.

    ``factory()`` makes the plugin object of one namespace; ``hooks`` are the names that it implements, ``wraps`` is
    true for a plugin that only wraps the hooks of others; ``history`` names the kernels that it is true of, where
    today's have nothing like it. ``remarks`` tell what will not work any more one day.
    """

    kind: str
    name: str
    factory: Callable[[], Any]
    distribution: str
    version: str
    hooks: tuple[str, ...] = ()
    number: int | None = None
    wraps: bool = False
    problem: str | None = None
    history: str | None = None
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} plugin {self.name} of {self.distribution} {self.version}".rstrip()


class Registry:
    """The plugins that namespaces are made with. ``strict`` makes every plugin that is left out an error."""

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.plugins: list[PluginInfo] = []
        self._sysctls = {sysctl.path: "core" for sysctl in CORE_SYSCTLS}
        self._helpers: dict[tuple[str, int], str] = {}
        self._managers: dict[str, Manager] = {}  # one of a kind, used for one plugin after the other

    @classmethod
    def load(cls, strict: bool = False, without: Iterable[str] = (), files: Iterable[str] = ()) -> Registry:
        """All installed plugins, entry point by entry point, but those named in ``without``; then those in ``files``.

        The environment variable CTCORE_PLUGINS narrows that down, see ``ctcore.choice``. Raises PluginError for the
        first one that is left out, where ``strict``; and for a file or a name in CTCORE_PLUGINS that is not there.
        """
        registry = cls(strict)
        choice = Choice.of_environment()
        skipped = frozenset(without)
        for found in installed():
            if found.point.name not in skipped and (found.distribution == OWN or choice.takes(found.point.name)):
                registry._load(found)
        for file in (*choice.files, *files):
            for kind, target in plugins_of(file):
                registry.add(kind, target, distribution=file)
        return registry

    def _load(self, found: Found) -> None:
        kind, point, distribution, version = found
        try:
            target = point.load()
        except Exception as error:
            reason = f"it cannot be imported: {type(error).__name__}: {error}"
            self._leave_out(PluginInfo(kind, point.name, object, distribution, version), reason)
        else:
            self.add(kind, target, point.name, distribution, version)

    def add(
        self, kind: str, target: Any, name: str | None = None, distribution: str = "this program", version: str = ""
    ) -> PluginInfo:
        """Add a plugin: a class (made anew for each namespace) or an object or module (shared by all).

        Raises PluginError where it is left out and the registry is strict.
        """
        factory = target if inspect.isclass(target) else lambda: target
        info = PluginInfo(kind, name or str(getattr(target, "name", target)), factory, distribution, version)
        try:
            checked = self._check(info)
        except PluginError as error:
            return self._leave_out(info, str(error))
        self.plugins.append(checked)
        return checked

    def loaded(self, kind: str) -> Iterator[PluginInfo]:
        """The plugins of a kind that are in use, in the order in which they were found."""
        return (info for info in self.plugins if info.kind == kind and info.problem is None)

    def today(self) -> Registry:
        """The same without the plugins of history: what a kernel of today can be compared with."""
        made = Registry(self.strict)
        made.plugins = [info for info in self.plugins if info.history is None]
        return made

    def _leave_out(self, info: PluginInfo, reason: str) -> PluginInfo:
        left = replace(info, problem=reason)
        self.plugins.append(left)
        if self.strict:
            raise PluginError(f"{info} is left out: {reason}")
        return left

    def _check(self, info: PluginInfo) -> PluginInfo:
        try:
            plugin = info.factory()
        except Exception as error:
            raise PluginError(f"it cannot be made: {type(error).__name__}: {error}") from error
        api = getattr(plugin, "ctcore_plugin_api", CTCORE_PLUGIN_API)
        if not isinstance(api, int) or not OLDEST_PLUGIN_API <= api <= CTCORE_PLUGIN_API:
            has = " to ".join(map(str, sorted({OLDEST_PLUGIN_API, CTCORE_PLUGIN_API})))
            raise PluginError(f"it asks for version {api} of the plugin API, and this ctcore has {has}")
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            manager = self._managers.pop(info.kind, None) or Manager(info.kind)
            hooks, wraps = check_hooks(manager, plugin)
            self._managers[info.kind] = manager
        number = None if wraps else self._check_data(info, plugin, hooks)
        if "sysctls" in hooks and not wraps:
            self._check_sysctls(info, plugin)
        if info.kind == "helper" and not wraps:
            self._helpers.update({(plugin.name, l4num): str(info) for l4num in protocols_of(plugin)})
        history = getattr(plugin, "history", None)
        remarks = tuple(str(warning.message) for warning in warned)
        return replace(info, hooks=hooks, number=number, wraps=wraps, history=history, remarks=remarks)

    def _check_data(self, info: PluginInfo, plugin: Any, hooks: tuple[str, ...]) -> int | None:
        missing = [hook for hook in REQUIRED[info.kind] if hook not in hooks]
        if missing:
            raise PluginError(f"it does not implement {', '.join(missing)}")
        if not isinstance(getattr(plugin, "name", None), str):
            raise PluginError("it has no name (a text)")
        number = None
        if info.kind in NUMBERS:
            attribute, largest = NUMBERS[info.kind]
            number = getattr(plugin, attribute, None)
            if not isinstance(number, int) or not 0 <= number <= largest:
                raise PluginError(f"its {attribute} must be a number from 0 to {largest}, not {number!r}")
        if info.kind == "extension":
            check_extension(plugin)
        if info.kind == "helper":
            check_helper(plugin)
            self._check_helper_name(plugin)
        for other in self.loaded(info.kind):
            if not other.wraps and number is not None and other.number == number:
                raise PluginError(f"number {number} is taken already by the {other}")
            if not other.wraps and other.name == info.name:
                raise PluginError(f"the name {info.name} is taken already by the {other}")
        return number

    def _check_helper_name(self, plugin: Any) -> None:
        for l4num in protocols_of(plugin):
            other = self._helpers.get((plugin.name, l4num))
            if other is not None:
                raise PluginError(f"a helper {plugin.name} for protocol {l4num} is there already: the {other}")

    def _check_sysctls(self, info: PluginInfo, plugin: Any) -> None:
        """Take the settings that a plugin brings, whose names must be new."""
        try:
            names = [sysctl.path for sysctl in plugin.sysctls()]
        except Exception as error:
            raise PluginError(f"its sysctls cannot be had: {type(error).__name__}: {error}") from error
        for name in names:
            if name in self._sysctls:
                raise PluginError(f"the sysctl {name} is taken already by the {self._sysctls[name]}")
        self._sysctls.update(dict.fromkeys(names, str(info)))


class Found(NamedTuple):
    """An entry point of a plugin, with the name and version of its distribution."""

    kind: str
    point: EntryPoint
    distribution: str
    version: str


def installed() -> Iterator[Found]:
    """Each installed plugin, kind by kind, the core's own first."""
    points = entry_points()
    named: dict[Distribution | None, tuple[str, str]] = {None: ("an unknown distribution", "")}
    for kind in KINDS:
        found = []
        for point in points.select(group=f"ctcore.{kind}"):
            if point.dist is not None and point.dist not in named:  # its file is parsed each time that it is asked
                metadata = point.dist.metadata
                named[point.dist] = (metadata["Name"], metadata["Version"])
            found.append(Found(kind, point, *named[point.dist]))
        yield from sorted(found, key=lambda one: (one.distribution != OWN, one.point.name))
