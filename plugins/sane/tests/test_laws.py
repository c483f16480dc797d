"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore.testing.suite import HelperSuite
from ctcore_sane.header import REQUEST, START_REPLY


class TestSane(HelperSuite):
    name = "sane"
    header = REQUEST
    more_headers = (START_REPLY,)

    def talk(self, flow: Any) -> None:
        flow.send(REQUEST.build(code=7, handle=0))
        flow.reply(START_REPLY.build(status=0, zero=0, port=5000))
