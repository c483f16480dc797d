"""Tests marked ``kernel`` ask the running kernel: where that cannot be done they are skipped with the reason.

With CTCORE_REQUIRE_KERNEL=1 they fail instead.
"""

from __future__ import annotations

import os

import pytest

from ctcore.errors import CtcoreError
from ctcore.verify.kernel import Kernel


@pytest.fixture(scope="session")
def kernel_lacks() -> str | None:
    """Why the running kernel cannot be asked, in its own sentence; None where it can."""
    try:
        with Kernel():
            return None
    except CtcoreError as error:
        return str(error)


@pytest.fixture(autouse=True)
def _ask_the_kernel(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("kernel") is None:
        return
    lacks: str | None = request.getfixturevalue("kernel_lacks")
    if lacks and os.environ.get("CTCORE_REQUIRE_KERNEL") == "1":
        pytest.fail(f"CTCORE_REQUIRE_KERNEL=1, but {lacks}", pytrace=False)
    if lacks:
        pytest.skip(lacks)
