"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore import Expectation
from ctcore.testing.packets import IPv4
from ctcore.testing.suite import HelperSuite
from ctcore.testing.tunnels import GRE, pptp_gre
from ctcore.verify.fuzz.languages.pptp import message
from ctcore_pptp.messages import CONTROL

PNS, PAC = 0x6F, 0xDE  # the call ids of client and server


class TestPptp(HelperSuite):
    name = "pptp"
    header = CONTROL

    def talk(self, flow: Any) -> None:
        flow.send(message(1))
        flow.reply(message(2))
        flow.send(message(7, PNS))
        flow.reply(message(8, PAC, PNS))

    def as_announced(self, exp: Expectation) -> bytes:
        """The first packet of a tunnel, to the call id that its receiver chose."""
        source, destination = (".".join(map(str, address)) for address in (exp.tuple.src, exp.tuple.dst))
        return IPv4(source, destination).packet(GRE, pptp_gre(int.from_bytes(exp.tuple.dst_u, "big"), b"data"))
