"""The options that all commands share which read captures, and how help shows options: in sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeAlias

import click

HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
READING: Final = "Reading captures"
CAPTURE: Final = (
    "CAPTURE...",
    'Files of pcap or pcapng, or "-" for standard input; read in turn, into one table.',
)

Function: TypeAlias = Callable[..., Any]
Decorator: TypeAlias = Callable[[Function], Function]


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read and how: the values of the options below, each under its own name."""

    captures: tuple[str, ...]
    bpf: str | None
    settings: tuple[str, ...]
    local: tuple[str, ...]
    clock: str
    strict_plugins: bool
    no_plugin: tuple[str, ...]
    plugin: tuple[str, ...]
    progress: bool
    helpers: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()


class SectionOption(click.Option):
    """An option that help shows below the heading ``section``."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Names and help; beside the short and the long name of an option its other names are not shown."""
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, text = record
        for name in self.opts[2:]:
            names = names.replace(f", {name}", "")
        return names, text


class SectionCommand(click.Command):
    """A command whose help has its options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, one section after the other."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                section = parameter.section if isinstance(parameter, SectionOption) else "Help"
                sections.setdefault(section, []).append(record)
        if READING in sections:
            sections[READING].insert(0, CAPTURE)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=32)


def option(*names: str, section: str = "Options", **kwargs: Any) -> Decorator:
    """``click.option`` with a section."""
    return click.option(*names, cls=SectionOption, section=section, **kwargs)


def command(summary: str) -> Callable[[Function], SectionCommand]:
    """``click.command`` with sections; ``summary`` stands beside its name in the list of commands."""
    return click.command(cls=SectionCommand, context_settings=HELP, short_help=summary)


def decorate(function: Function, options: tuple[Decorator, ...]) -> Function:
    """Add options to a command's function, so that help shows them in this order."""
    for add in reversed(options):
        function = add(function)
    return function


def reading(function: Function) -> Function:
    """Give a command's function the options for reading captures, as its first argument, a ``Reading``."""

    @wraps(function)
    def call(
        captures: tuple[str, ...],
        bpf: str | None,
        settings: tuple[str, ...],
        local: tuple[str, ...],
        clock: str,
        strict_plugins: bool,
        no_plugin: tuple[str, ...],
        plugin: tuple[str, ...],
        progress: bool,
        helpers: tuple[str, ...],
        interfaces: tuple[str, ...],
        **rest: Any,
    ) -> Any:
        chosen = Reading(
            captures, bpf, settings, local, clock, strict_plugins, no_plugin, plugin, progress, helpers, interfaces
        )
        return function(chosen, **rest)

    return decorate(call, _OPTIONS)


def helper_option(section: str) -> Decorator:
    """The option ``--helper``; its value are the texts that ``HelperTable.assign`` takes."""
    return option(
        *("--helper", "helpers"),
        section=section,
        metavar="NAME[:PROTO[:PORT]]",
        multiple=True,
        help="Give new flows to a port this helper, by default the helper's own port; may be repeated.",
    )


def plugin_choice(function: Function) -> Function:
    """Add ``--strict-plugins``, ``--no-plugin`` and ``--plugin``."""
    return decorate(function, _plugin_options("Plugins"))


def _plugin_options(section: str) -> tuple[Decorator, ...]:
    return (
        option(
            "--strict-plugins",
            section=section,
            is_flag=True,
            help="Stop at a plugin that cannot be used or that fails.",
        ),
        option(
            "--no-plugin",
            section=section,
            metavar="NAME",
            multiple=True,
            help="Do without this plugin; may be repeated.",
        ),
        option(
            "--plugin",
            section=section,
            metavar="FILE.py",
            multiple=True,
            help="The plugins of this file, too; may be repeated.",
        ),
    )


_OPTIONS: Final[tuple[Decorator, ...]] = (
    click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True),
    option("--bpf", section=READING, metavar="FILTER", help="Only packets that match this libpcap filter."),
    option(
        *("--set", "settings"),
        section=READING,
        metavar="NAME=VALUE",
        multiple=True,
        help='A setting by its kernel name, see "ctcore sysctl"; may be repeated.',
    ),
    option(
        "--local",
        section=READING,
        metavar="ADDRESS[/LEN]",
        multiple=True,
        help="An address of the host itself; may be repeated. Without any, every packet is forwarded.",
    ),
    option(
        *("--interface", "interfaces"),
        section=READING,
        metavar="ADDRESS/LEN",
        multiple=True,
        help="An address of the host with its network, whose broadcasts the host knows; may be repeated.",
    ),
    helper_option(READING),
    option(
        "--clock",
        section=READING,
        type=click.Choice(["capture", "frozen"]),
        default="capture",
        help='Where time comes from; with "frozen" none passes and no flow ages.',
    ),
    *_plugin_options(READING),
    option(
        "--progress/--no-progress",
        section=READING,
        default=True,
        help="Whether long work has a progress bar on a terminal.",
    ),
)
