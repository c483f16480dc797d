"""The counters of a namespace, under the kernel's names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

COUNTERS: Final = (
    "found",  # address translation found a tuple taken
    "invalid",  # no transport header, no tuple, no inverse, or the tracker refused
    "insert",  # created by hand, never by a packet
    "insert_failed",  # confirmation failed
    "drop",  # no room, or the tracker or the confirmation threw the packet away
    "early_drop",  # flows given up for new ones
    "error",  # the error stage before the lookup refused
    "search_restart",  # a lookup met a moved chain; cannot happen here
    "clash_resolve",  # two flows for one tuple became one
    "chaintoolong",  # a bucket had no room
    "expect_new",  # a flow came that was expected
    "expect_create",  # an expectation was inserted
    "expect_delete",  # an expectation was unlinked
)


class Statistics:
    """One attribute for each of ``COUNTERS``."""

    __slots__ = COUNTERS

    def __init__(self) -> None:
        for name in COUNTERS:
            setattr(self, name, 0)

    found: int
    invalid: int
    insert: int
    insert_failed: int
    drop: int
    early_drop: int
    error: int
    search_restart: int
    clash_resolve: int
    chaintoolong: int
    expect_new: int
    expect_create: int
    expect_delete: int

    def items(self) -> Iterator[tuple[str, int]]:
        """(name, value) in the order of ``COUNTERS``."""
        return ((name, getattr(self, name)) for name in COUNTERS)
