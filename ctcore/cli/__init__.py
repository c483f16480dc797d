"""The command ``ctcore``: one file a command, which is imported when it is called."""

from ctcore.cli.group import main

__all__ = ["main"]
