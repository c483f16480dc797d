"""How a command speaks beside its data and how it ends: a sentence and a status, never a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn

import click

from ctcore.errors import CtcoreError

INPUT: Final = 1
INTERRUPTED: Final = 128 + 2  # as a shell counts a program that SIGINT ended
PIPE_CLOSED: Final = 128 + 13  # and one that SIGPIPE ended


def say(text: str) -> None:
    """Write a line to standard error, after all data so far."""
    sys.stdout.flush()
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def conduct() -> Iterator[None]:
    """Run a command: what stops it becomes a sentence on standard error, and SystemExit with its status."""
    try:
        yield
        sys.stdout.flush()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except CtcoreError as error:
        _end(f"ctcore: {error}", INPUT)
    except KeyboardInterrupt:
        _end("", INTERRUPTED)
    except BrokenPipeError:
        _silence()
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        _silence()
        _end(f"ctcore: {error.filename or 'standard output'}: {error.strerror or error}", INPUT)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(frame.filename)}:{frame.lineno}"
        _end(
            f"ctcore: a fault of ctcore's own, please report it: {type(error).__name__} at {place}: {error}",
            INPUT,
        )


def _end(text: str, status: int) -> NoReturn:
    try:
        if text:
            say(text)
        sys.stdout.flush()
    except OSError:
        _silence()
    sys.exit(status)


def _silence() -> None:
    """Throw away what cannot be written, so that the interpreter does not try it again on its way out."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
