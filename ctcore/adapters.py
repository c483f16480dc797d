"""What stands between the core, which calls hooks by position, and a plugin's own function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Hook = Callable[..., Any]


def guard(function: Hook, caught: Callable[[Exception], Any], otherwise: Any) -> Hook:
    """``function``, but an exception of it is given to ``caught``, and ``otherwise`` is the answer."""

    def guarded(*args: Any) -> Any:
        try:
            return function(*args)
        except Exception as error:
            caught(error)
            return otherwise

    return guarded


def positional(function: Hook, taken: tuple[str, ...], given: tuple[str, ...]) -> Hook:
    """What to call with the arguments ``given``, all of them, for a function that takes those named ``taken``."""
    if taken == given:
        return function
    count = len(taken)
    if taken == given[:count]:
        return lambda *args: function(*args[:count])
    places = [given.index(name) for name in taken]
    return lambda *args: function(*[args[place] for place in places])
