"""The example of an extension type in one file keeps the laws of extension types."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctcore import Registry
from ctcore.testing.flows import HOSTS
from ctcore.testing.suite import ExtensionSuite

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

EXAMPLE = Path(__file__).parents[1] / "examples" / "latency.py"


class TestLatency(ExtensionSuite):
    name = "latency"
    conversation = (HOSTS.udp(1000, 53, b"?"), HOSTS.back.udp(53, 1000, b"!"))

    @pytest.fixture
    def registry(self) -> Registry:
        """The installed plugins, and that of the file."""
        return Registry.load(strict=True, files=[str(EXAMPLE)])
