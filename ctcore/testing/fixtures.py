"""Fixtures for pytest, there wherever ctcore is installed: it is a pytest plugin.

Nothing of ctcore is imported until a test asks for one of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ctcore.registry import Registry
    from ctcore.testing.conversation import Conversation
    from ctcore.testing.engine import Engine
    from ctcore.testing.live import LiveKernel

Converse = Callable[..., "Conversation"]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """All installed plugins; one that is left out, or that raises, is an error."""
    from ctcore.registry import Registry

    return Registry.load(strict=True)


@pytest.fixture
def engine(registry: Registry) -> Engine:
    """A namespace of the test's own, with a clock that it sets."""
    from ctcore.testing.engine import Engine

    return Engine(registry)


@pytest.fixture
def converse(registry: Registry) -> Converse:
    """``converse(**sysctls)`` begins a conversation in a namespace of its own."""
    from ctcore.testing.conversation import Conversation

    def begin(**sysctls: int) -> Conversation:
        return Conversation(registry, sysctls)

    return begin


@pytest.fixture
def converse6(registry: Registry) -> Converse:
    """The same between two hosts that speak IPv6."""
    from ctcore.testing.conversation import IPV6, Conversation

    def begin(**sysctls: int) -> Conversation:
        return Conversation(registry, sysctls, IPV6)

    return begin


@pytest.fixture
def live_kernel(registry: Registry) -> LiveKernel:
    """The running kernel to compare with; the test is skipped, with the reason, where it cannot be asked.

    With CTCORE_REQUIRE_KERNEL=1 it fails instead.
    """
    from ctcore.testing.live import LiveKernel, why_not

    lacks = why_not()
    if lacks is not None:
        (pytest.fail if os.environ.get("CTCORE_REQUIRE_KERNEL") == "1" else pytest.skip)(lacks)
    return LiveKernel(registry)
