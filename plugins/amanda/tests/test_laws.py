"""The laws that every helper keeps."""

from __future__ import annotations

from typing import Any

from ctcore.testing.suite import HelperSuite

HEAD = b"Amanda 2.4 REP HANDLE 000-65637373 SEQ 954568800\n"


class TestAmanda(HelperSuite):
    name = "amanda"

    def talk(self, flow: Any) -> None:
        flow.send(HEAD.replace(b"REP", b"REQ") + b"SERVICE sendbackup\n")
        flow.reply(HEAD + b"CONNECT DATA 5000 MESG 5001 INDEX 5002\n")
