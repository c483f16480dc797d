"""``ctcore plugins``: what is loaded, from where, and what was left out and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctcore.cli.options import command as define
from ctcore.cli.options import plugin_choice
from ctcore.cli.output import dumps, json_option
from ctcore.cli.session import load_plugins
from ctcore.registry import PluginInfo

HEADINGS = ("KIND", "NAME", "NUMBER", "DISTRIBUTION", "VERSION", "HOOKS")


@define("What is installed, and what was left out and why.")
@json_option()
@plugin_choice
def command(strict_plugins: bool, no_plugin: tuple[str, ...], plugin: tuple[str, ...], as_json: bool) -> None:
    """Print the installed plugins: what each one is, where it comes from, and which hooks it has.

    Plugins that cannot be used come last, each with the reason; before them comes what a plugin should not do
    any more. NUMBER is the protocol's number: the address family of a network layer protocol, the IP protocol
    number of a transport protocol. A plugin marked as history does what kernels of the past did; "ctcore verify"
    leaves it out.

    \b
    Examples:
      ctcore plugins
      ctcore plugins --strict-plugins && echo fine
      ctcore plugins -o json
    """
    registry = load_plugins(strict_plugins, no_plugin, plugin)
    if as_json:
        for info in registry.plugins:
            print(dumps(_object(info)))
        return
    rows = [_row(info) for info in registry.plugins if info.problem is None]
    for line in _aligned([HEADINGS, *rows]):
        print(line)
    for info in registry.plugins:
        for remark in info.remarks:
            print(f"\n{info}: {remark}")
    left = [info for info in registry.plugins if info.problem is not None]
    if left:
        print("\nLeft out:")
    for info in left:
        print(f"  {info}: {info.problem}")


def _row(info: PluginInfo) -> tuple[str, ...]:
    number = "-" if info.number is None else str(info.number)
    hooks = " ".join(info.hooks) + (" (wraps other plugins)" if info.wraps else "")
    if info.history is not None:
        hooks += f" (history: {info.history})"
    return info.kind, info.name, number, info.distribution, info.version or "-", hooks


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as need be, the last one as long as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for *cells, last in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), last])


def _object(info: PluginInfo) -> dict[str, object]:
    return {
        "kind": info.kind,
        "name": info.name,
        "number": info.number,
        "distribution": info.distribution,
        "version": info.version,
        "hooks": list(info.hooks),
        "wraps": info.wraps,
        "problem": info.problem,
        "history": info.history,
        "remarks": list(info.remarks),
    }
