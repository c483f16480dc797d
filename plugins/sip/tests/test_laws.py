"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore.testing.packets import TCP, UDP
from ctcore.testing.suite import HelperSuite
from plugins.sip.tests.phones import CALLEE, answer, request, sdp


class Calls(HelperSuite):
    name = "sip"

    def talk(self, flow: Any) -> None:
        flow.send(request("INVITE", 1, sdp()))
        flow.reply(answer(200, "INVITE", 1, sdp(CALLEE, "audio 6000", "video 6002")))


class TestSipOverUdp(Calls):
    protocol = UDP


class TestSipOverTcp(Calls):
    protocol = TCP


class TestRegistrations(HelperSuite):
    """What is expected is INACTIVE until the registrar agrees."""

    name = "sip"
    protocol = UDP

    def talk(self, flow: Any) -> None:
        flow.send(request("REGISTER", 1, b"", "Contact: <sip:a@10.0.1.2:5062>;expires=60"))
