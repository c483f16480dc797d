"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore.testing.suite import HelperSuite


class TestTftp(HelperSuite):
    name = "tftp"

    def talk(self, flow: Any) -> None:
        flow.send(b"\0\1name\0octet\0")
