"""Faults to plant in SCTP, GRE, UDP-Lite and PPTP, one each: the fuzzer has to find them, and so have recordings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from ctcore import Packet
from tests.live.test_fuzz import of_module

Plant = Callable[[pytest.MonkeyPatch], None]

SHUTDOWN, COOKIE_ACK, HEARTBEAT_ACK = 7, 11, 5  # chunks
COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, HEARTBEAT_SENT = 3, 4, 5, 8  # states


def row(direction: int, kind: int, state: int, wrong: int) -> Plant:
    """One entry of the SCTP tables is another one."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from ctcore_sctp import l4proto
        from ctcore_sctp.states import transition as right

        assert right(direction, kind, state) != wrong

        def transition(*asked: int) -> int:
            return wrong if asked == (direction, kind, state) else right(*asked)

        patch.setattr(l4proto, "transition", transition)

    return plant


def edited(module: str, function: str, right: str, wrong: str, user: str = "") -> Plant:
    """A function says ``wrong`` where it said ``right``, in its module and where its ``user`` has it from there."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        found = importlib.import_module(module)
        source = inspect.getsource(getattr(found, function))
        assert source.count(right) == 1
        changed = dict(vars(found))
        exec(source.replace(right, wrong), changed)
        for place in filter(None, (module, user)):
            patch.setattr(f"{place}.{function}", changed[function])

    return plant


def longer(module: str, name: str) -> Plant:
    """A timeout's default is three seconds more."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        sysctls = importlib.import_module(module).SYSCTLS
        wrong = tuple(replace(one, default=one.default + 3) if one.name == name else one for one in sysctls)
        assert wrong != sysctls
        patch.setattr(f"{module}.SYSCTLS", wrong)

    return plant


def low_byte_of_the_length(patch: pytest.MonkeyPatch) -> None:
    """Checksums over a part have IPv4's pseudo header over IPv6 too."""
    from ctcore_ipv6 import Ipv6

    right = Ipv6.checksum_partial

    def checksum_partial(self: Ipv6, pkt: Packet, dataoff: int, length: int, protonum: int) -> bool:
        return right(self, pkt, dataoff, length, protonum - (pkt.end - dataoff & ~0xFF))

    patch.setattr(Ipv6, "checksum_partial", checksum_partial)


def deaf_to(message: int) -> Plant:
    """A server's message of PPTP has no effect."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        from ctcore_pptp import session

        client, server = session.STEPS
        assert message in server
        patch.setattr(session, "STEPS", (client, {kind: step for kind, step in server.items() if kind != message}))

    return plant


def shutdown_complete_in_company(patch: pytest.MonkeyPatch) -> None:
    """SHUTDOWN_COMPLETE may come with other chunks."""
    from ctcore_sctp import chunks, header

    for user in (chunks, header):  # whichever of them scans
        patch.setattr(user, "ALONE", frozenset({header.INIT, header.INIT_ACK}), raising=False)


def no_source_keys(patch: pytest.MonkeyPatch) -> None:
    """The key map tells nothing of the sender's key."""
    from ctcore_gre import KeyMap

    patch.setattr(KeyMap, "find", lambda self, addrs, dst_key: bytes(2))


SCTP: Final = "ctcore_sctp.l4proto"
CHUNKS: Final = "ctcore_sctp.chunks"

TRANSPORTS: Final[dict[str, tuple[str, Plant]]] = {
    "sctp table: SHUTDOWN of the reply direction": ("sctp", row(1, SHUTDOWN, ESTABLISHED, SHUTDOWN_SENT)),
    "sctp table: COOKIE_ACK of the original direction": ("sctp", row(0, COOKIE_ACK, COOKIE_ECHOED, COOKIE_ECHOED)),
    "sctp table: the answer to a HEARTBEAT": ("sctp", row(1, HEARTBEAT_ACK, HEARTBEAT_SENT, HEARTBEAT_SENT)),
    "sctp tags: the T bit": ("sctp-close", of_module(CHUNKS, "T_BIT", 0)),
    "sctp tags: who is exempt": ("sctp", of_module(SCTP, "OWN_RULES", frozenset({1, 4, 5, 6, 8, 10}))),
    "sctp tags: INITs that collide": (
        "sctp",
        edited(CHUNKS, "learn_init_ack", "not sctp.init[other] and known", "known", SCTP),
    ),
    "sctp tags: another heartbeat's": (
        "sctp",
        edited(CHUNKS, "_check_heartbeat", "sctp.last_dir == direction", "False"),
    ),
    "sctp: what never comes first": ("sctp", of_module(SCTP, "NEVER_FIRST", frozenset({6, 14}))),
    "sctp: what comes alone": ("sctp", shutdown_complete_in_company),
    "sctp: the checksum": ("sctp", of_module(SCTP, "crc_is_right", lambda *_: True)),
    "sctp: a timeout": ("sctp", longer(SCTP, "nf_conntrack_sctp_timeout_cookie_echoed")),
    "gre: what PPTP carries": ("gre", of_module("ctcore_gre.l4proto", "GRE_PROTO_PPP", 0x6558)),
    "gre: a timeout": ("gre", longer("ctcore_gre.l4proto", "nf_conntrack_gre_timeout_stream")),
    "udplite: the number": ("udplite", of_module("ctcore_udplite.l4proto", "IPPROTO_UDP", 136)),
    "udplite: the length over IPv6": ("udplite6", low_byte_of_the_length),
}
"""The fault, and the profile that is to find it."""

PPTP: Final[dict[str, tuple[str, Plant]]] = {
    "the tunnel stays": ("pptp", of_module("ctcore_pptp.helper", "destroy_siblings", lambda ct, session: None)),
    "the other end's stays expected": ("pptp", of_module("ctcore_pptp.helper", "forget", lambda ct, t: None)),
    "the end of a call": ("pptp", deaf_to(13)),
    "a call of the server's": ("pptp", deaf_to(11)),
    "a call refused": ("pptp", of_module("ctcore_pptp.session", "OUTCALL_CONNECT", 2)),
    "the key map": ("pptp", no_source_keys),
}
