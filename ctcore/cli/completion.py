"""``ctcore completion``: what makes a shell complete the command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ctcore.cli.options import command as define
from ctcore.errors import CtcoreError


@define("Shell completion, for bash, zsh and fish.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script that makes a shell complete commands and options after the Tab key.

    \b
    To have it in each new shell:
      bash   echo 'eval "$(ctcore completion bash)"' >> ~/.bashrc
      zsh    echo 'eval "$(ctcore completion zsh)"' >> ~/.zshrc
      fish   ctcore completion fish > ~/.config/fish/completions/ctcore.fish
    """
    found = get_completion_class(shell)
    if found is None:
        raise CtcoreError(f"click has no completion for {shell}")
    click.echo(found(ctx.find_root().command, {}, "ctcore", "_CTCORE_COMPLETE").source())
