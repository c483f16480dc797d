"""The laws that every helper keeps."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from ctcore.testing.suite import HelperSuite


class TestIrc(HelperSuite):
    name = "irc"

    def talk(self, flow: Any) -> None:
        flow.reply(b":server 001 alice\r\n")
        flow.send(f"PRIVMSG bob :\1DCC SEND file {int(IPv4Address(self.hosts.src))} 5000 12\1\r\n".encode())
