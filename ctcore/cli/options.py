"""The options that all commands share which read captures, and how help shows options: in sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import click

HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
READING: Final = "Reading captures"

Function = Callable[..., Any]


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
    progress: bool


class SectionOption(click.Option):
    """An option that help shows below the heading ``section``."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class SectionCommand(click.Command):
    """A command whose help has its options by section, and its examples before them."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, one section after the other."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(parameter, "section", "Other options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records, col_max=32)


def option(*names: str, section: str = "Options", **kwargs: Any) -> Callable[[Function], Function]:
    """``click.option`` with a section."""
    return click.option(*names, cls=SectionOption, section=section, **kwargs)


def command(summary: str) -> Callable[[Function], SectionCommand]:
    """``click.command`` with sections; ``summary`` stands beside its name in the list of commands."""
    return click.command(cls=SectionCommand, context_settings=HELP, short_help=summary)


def decorate(function: Function, options: tuple[Callable[[Function], Function], ...]) -> Function:
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
        progress: bool,
        **rest: Any,
    ) -> Any:
        chosen = Reading(captures, bpf, settings, local, clock, strict_plugins, no_plugin, progress)
        return function(chosen, **rest)

    return decorate(call, _OPTIONS)


def plugin_choice(function: Function) -> Function:
    """Add ``--strict-plugins`` and ``--no-plugin``."""
    return decorate(function, _PLUGIN_OPTIONS)


_PLUGIN_OPTIONS: Final = (
    option("--strict-plugins", is_flag=True, help="Stop at a plugin that cannot be used or that fails."),
    option("--no-plugin", multiple=True, metavar="NAME", help="Do without this plugin; may be repeated."),
)

_OPTIONS: Final = (
    click.argument("captures", metavar="CAPTURE...", nargs=-1, required=True),
    option("--bpf", section=READING, metavar="FILTER", help="Only packets that match this libpcap filter."),
    option(
        "--set",
        "settings",
        section=READING,
        metavar="NAME=VALUE",
        multiple=True,
        help='A setting by its kernel name, e.g. nf_conntrack_acct=1; may be repeated; see "ctcore sysctl".',
    ),
    option(
        "--local",
        section=READING,
        metavar="ADDRESS[/LEN]",
        multiple=True,
        help="An address of the host itself; may be repeated. Without any, every packet is forwarded.",
    ),
    option(
        "--clock",
        section=READING,
        type=click.Choice(["capture", "frozen"]),
        default="capture",
        help="Where time comes from: the capture (the default), or nowhere: no flow ever ages.",
    ),
    option(
        "--strict-plugins",
        section=READING,
        is_flag=True,
        help="Stop at a plugin that cannot be used or that fails.",
    ),
    option(
        "--no-plugin",
        section=READING,
        metavar="NAME",
        multiple=True,
        help="Do without this plugin; may be repeated.",
    ),
    option(
        "--progress/--no-progress",
        section=READING,
        default=True,
        help="A progress bar for long work, where standard error is a terminal.",
    ),
)
