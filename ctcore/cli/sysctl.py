"""``ctcore sysctl``: the settings, as ``sysctl`` prints them."""

from __future__ import annotations

import textwrap

import click

from ctcore.cli.options import command as define
from ctcore.cli.options import option, plugin_choice
from ctcore.cli.output import dumps, json_option
from ctcore.cli.session import load_plugins
from ctcore.netns import Net
from ctcore.sysctl import Sysctl


@define("The settings: names, defaults, what they may be.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@option(
    "-v",
    "--doc",
    is_flag=True,
    help="Say what each setting is for, its unit and what it may be.",
    section="Output",
)
@json_option()
@plugin_choice
def command(
    names: tuple[str, ...],
    doc: bool,
    strict_plugins: bool,
    no_plugin: tuple[str, ...],
    plugin: tuple[str, ...],
    as_json: bool,
) -> None:
    """Print the settings with their defaults, all of them or those named, as sysctl(8) does.

    A setting is known by its full name (net.netfilter.nf_conntrack_max), with slashes for the dots if need
    be, or by the last part of it. Other commands change settings with --set. Plugins bring their own.

    \b
    Examples:
      ctcore sysctl
      ctcore sysctl -v nf_conntrack_tcp_be_liberal
      ctcore list --set nf_conntrack_tcp_be_liberal=1 http.pcap
      ctcore sysctl -o json
    """
    settings = Net(load_plugins(strict_plugins, no_plugin, plugin)).sysctl
    for name in names or settings:
        sysctl, value = settings.find(name), settings[name]
        if as_json:
            print(dumps(_object(sysctl, value)))
            continue
        print(f"{sysctl.path} = {value}")
        if doc:
            print(textwrap.indent(textwrap.fill(_sentence(sysctl), 96), "    "))


def _sentence(sysctl: Sysctl) -> str:
    values = f"from {sysctl.minimum} to {sysctl.maximum}" + (f" {sysctl.unit}" if sysctl.unit else "")
    values += f", never below {sysctl.floor}" if sysctl.floor else ""
    values += f", never above {sysctl.ceiling}" if sysctl.ceiling else ""
    return f"{sysctl.doc}; {'read only' if sysctl.read_only else values}"


def _object(sysctl: Sysctl, value: int) -> dict[str, object]:
    return {
        "name": sysctl.path,
        "value": value,
        "default": sysctl.default,
        "unit": sysctl.unit or None,
        "minimum": sysctl.minimum,
        "maximum": sysctl.maximum,
        "read_only": sysctl.read_only,
        "doc": sysctl.doc,
    }
