"""CTCORE_TRACE=1: the callbacks of each packet on standard error, in order, with their arguments and results.

A callback is traced where its hook is bound, so that none of this is there, and nothing is paid, without the variable.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import Enum
from functools import partial
from reprlib import Repr
from typing import Any, Final

from ctcore.common import CtInfo, EventKind
from ctcore.conn import Conn
from ctcore.netfilter import Verdict
from ctcore.packet import Packet

VARIABLE: Final = "CTCORE_TRACE"
SILENT: Final = ("sysctls", "hook_ops")  # set-up, not of any packet
FIRST: Final = ("l3proto", "rcv")  # the callback that each packet begins with

_short: Final = Repr()
_short.maxstring = _short.maxother = 120


class Tracer:
    """Wraps hooks so that each call writes a line; calls within a call are indented below it."""

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self._write = write or _to_stderr
        self._depth = 0
        self._open = False  # whether the last line still lacks its result

    @classmethod
    def of_environment(cls) -> Tracer | None:
        """A tracer where CTCORE_TRACE is set to anything but nothing and 0."""
        return cls() if os.environ.get(VARIABLE, "0") not in ("", "0") else None

    def wrap(
        self, kind: str, plugin: str, hook: str, names: tuple[str, ...], function: Callable[..., Any]
    ) -> Callable[..., Any]:
        """``function``, the hook of a plugin, taking the arguments ``names`` by position, but traced."""
        if hook in SILENT:
            return function
        return partial(self._call, (kind, hook) == FIRST, f"{kind} {plugin}.{hook}", names, function)

    def _call(self, first: bool, title: str, names: tuple[str, ...], function: Callable[..., Any], *args: Any) -> Any:
        if first:
            self._heading(args[0])
        told = ", ".join(f"{name}={describe(name, value)}" for name, value in zip(names, args, strict=True))
        self._line(f"{title}({told})")
        self._open = True
        self._depth += 1
        answer = "was interrupted"
        try:
            result = function(*args)
            answer = f"-> {describe('', result)}"
            return result
        except Exception as error:
            answer = f"raised {type(error).__name__}: {error}"
            raise
        finally:
            self._depth -= 1
            self._end(answer)

    def _heading(self, pkt: Packet) -> None:
        self._depth = 0
        number = f" {pkt.number}" if pkt.number else ""
        self._line(f"packet{number}: {pkt.avail - pkt.nhoff} bytes at {pkt.now / 1e9:.6f} s\n")
        self._depth = 1

    def _line(self, text: str) -> None:
        self._write(("\n" if self._open else "") + "  " * self._depth + text)
        self._open = False

    def _end(self, answer: str) -> None:
        self._write(f" {answer}\n" if self._open else "  " * (self._depth + 1) + f"{answer}\n")
        self._open = False


def _to_stderr(text: str) -> None:
    sys.stderr.write(text)


def describe(name: str, value: Any) -> str:
    """An argument of this name, or a result (where ``name`` is empty), in a few words."""
    if isinstance(value, Packet):
        return "pkt"
    if isinstance(value, Conn):
        return f"flow {value.id}"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value[:24].hex() + ("..." if len(value) > 24 else "") or "b''"
    enum = _NUMBERS.get(name)
    if enum is not None and value in set(enum):
        return str(enum(value).name)
    spelling: Any = type(value).__repr__
    if spelling is object.__repr__:
        return type(value).__name__
    return _short.repr(value)


_NUMBERS: Final[dict[str, type[Enum]]] = {"ctinfo": CtInfo, "verdict": Verdict, "kind": EventKind}
