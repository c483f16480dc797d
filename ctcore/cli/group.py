"""``ctcore`` itself: its commands, each loaded when it is called."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from ctcore import COMPILED, __version__
from ctcore.cli.conduct import conduct
from ctcore.cli.options import HELP

WRONG_COMMAND_LINE: Final = 2
COMMANDS: Final = (
    "list",
    "events",
    "stats",
    "count",
    "trace",
    "verify",
    "plugins",
    "new-plugin",
    "sysctl",
    "completion",
)

BUILD: Final = "compiled" if COMPILED else "plain Python"


class Commands(click.Group):
    """The commands by their names; each is ``command`` in the module of that name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which a newcomer may want them."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"ctcore.cli.{cmd_name.replace('-', '_')}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what stops it is told as ``conduct`` says."""
        with conduct():
            return super().invoke(ctx)


@click.command(cls=Commands, context_settings=HELP, invoke_without_command=True)
@click.version_option(__version__, prog_name="ctcore", message=f"%(prog)s %(version)s ({BUILD})")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Linux connection tracking (nf_conntrack), replayed from a capture.

    Each packet of a pcap or pcapng file goes through the same tracking as in the kernel. What conntrack(8)
    would then print is printed here, packet by packet or at the end, and why a packet is INVALID is said.

    \b
    Examples:
      ctcore list http.pcap                  the table after the last packet
      ctcore trace http.pcap                 what became of each packet, and why
      ctcore events -e DESTROY http.pcap     the flows that ended
      tcpdump -w - | ctcore events -         live, from another program
      ctcore count --set nf_conntrack_udp_timeout=5 dns.pcap
                                             the same with another setting

    "ctcore COMMAND --help" tells more about each command.

    Data goes to standard output, all else to standard error. The exit status is 0; 1 for an input that
    cannot be used or read on (what was tracked until then is still printed) and for a plugin that failed;
    2 for a wrong command line; 130 after Ctrl-C (what was tracked until then is printed, too).
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(WRONG_COMMAND_LINE)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, this process's own where none is given. Raises SystemExit with the exit status."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - closed by whoever started the program
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if arguments is None:
        gc.disable()  # what a command makes at its start stays until its end
    try:
        cli(arguments, prog_name="ctcore")
    finally:
        if arguments is None:
            gc.freeze()  # no last look through every flow before the process gives its memory back
    raise SystemExit(0)
