"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore.testing.suite import HelperSuite


class TestFtp(HelperSuite):
    name = "ftp"

    def talk(self, flow: Any) -> None:
        flow.reply(b"220 hi\r\n")
        flow.send(b"USER anonymous\r\n")
        flow.send(b"PORT 10,0,1,2,19,136\r\n")


class TestFtpPassive(HelperSuite):
    name = "ftp"

    def talk(self, flow: Any) -> None:
        flow.reply(b"220 hi\r\n")
        flow.send(b"EPSV\r\n")
        flow.reply(b"229 Entering Extended Passive Mode (|||5000|)\r\n")
