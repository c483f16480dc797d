"""Fixtures for pytest. A ``conftest.py`` imports the ones that its tests use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ctcore.registry import Registry
from ctcore.testing.conversation import IPV6, Conversation

Converse = Callable[..., Conversation]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """All installed plugins; one that is left out, or that raises, is an error."""
    return Registry.load(strict=True)


@pytest.fixture
def converse(registry: Registry) -> Converse:
    """``converse(**sysctls)`` begins a conversation in a namespace of its own."""

    def begin(**sysctls: int) -> Conversation:
        return Conversation(registry, sysctls)

    return begin


@pytest.fixture
def converse6(registry: Registry) -> Converse:
    """The same between two hosts that speak IPv6."""

    def begin(**sysctls: int) -> Conversation:
        return Conversation(registry, sysctls, IPV6)

    return begin
