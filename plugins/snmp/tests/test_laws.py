"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore.testing.packets import IPv4
from ctcore.testing.suite import HelperSuite


class TestSnmp(HelperSuite):
    name = "snmp"
    hosts = IPv4("192.0.2.10", "192.0.2.255")
    interfaces = ("192.0.2.10/24",)

    def talk(self, flow: Any) -> None:
        flow.send(b"who is there?")
