"""``ctcore new-plugin``: a complete distribution of a plugin, to begin with."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ctcore.cli.options import command as define
from ctcore.cli.options import option
from ctcore.hookspecs import KINDS
from ctcore.scaffold import write


@define("A new plugin of your own, complete with its tests.")
@click.argument("kind", metavar=f"{{{'|'.join(KINDS)}}}", type=click.Choice(KINDS))
@click.argument("name", metavar="NAME")
@option("--directory", metavar="DIR", help="Where to write it; ctcore-NAME where this is not given.")
def command(kind: str, name: str, directory: str | None) -> None:
    """Write a complete distribution of a plugin: pyproject.toml with its entry point, a typed module, tests on
    the conformance suite, tox.ini, README.md. It installs and passes its tests as it is.

    l3proto is a network layer protocol, l4proto a transport protocol. A helper reads the conversation of two
    hosts and announces flows. An extension type keeps figures for each flow. An observer watches all of them.

    The folder must not exist yet: nothing is ever overwritten.

    \b
    Examples:
      ctcore new-plugin helper chatter
      ctcore new-plugin extension latency --directory ~/src/latency
    """
    target = Path(directory) if directory is not None else Path(f"ctcore-{name}")
    written = write(kind, name, target)
    for path in written:
        print(path)
    print(f"\nThis is the {kind} plugin {name}. Next:\n")
    print(f"  cd {shlex.quote(str(target))}\n  python -m pip install -e '.[test]'\n  python -m pytest")
