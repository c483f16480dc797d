"""What ``conntrack -S`` and ``conntrack -C`` print."""

from __future__ import annotations

from typing import Final

from ctcore.stats import Statistics

SHOWN: Final = (
    "found",
    "invalid",
    "insert",
    "insert_failed",
    "drop",
    "early_drop",
    "error",
    "search_restart",
    "clash_resolve",
    "chaintoolong",
)
EXPECT_SHOWN: Final = ("expect_new", "expect_create", "expect_delete")


def cpu_line(stat: Statistics, cpu: int = 0) -> str:
    """The line of one processor, without the newline; it ends with a space."""
    return _line(stat, cpu, SHOWN)


def expect_cpu_line(stat: Statistics, cpu: int = 0) -> str:
    """The line of one processor in ``conntrack -S expect``, without the newline; it ends with a space."""
    return _line(stat, cpu, EXPECT_SHOWN)


def count_line(count: int) -> str:
    """The number of flows: what ``conntrack -C`` prints."""
    return str(count)


def _line(stat: Statistics, cpu: int, names: tuple[str, ...]) -> str:
    values = "".join(f"{name}={getattr(stat, name)} " for name in names)
    return f"cpu={cpu:<4}\t{values}"
