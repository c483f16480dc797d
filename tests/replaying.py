"""Flows made from packets, at known times, for the tests of the formats."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from types import SimpleNamespace

from ctcore.api import Conntrack
from ctcore.common import EXT_HELPER, EventKind, ExtId, Status
from ctcore.conn import Conn
from ctcore.extensions.labels import LabelSet
from ctcore.formats.lines import FORMATS
from ctcore.formats.output import PLAIN, Output
from ctcore.registry import Registry
from ctcore.sysctl import SECOND
from ctcore.testing.packets import IPv4

START = 1_795_374_720 * SECOND + 388_704_762  # Sun Nov 22 19:12:00 2026, UTC
MOMENT = 1_000_000  # nanoseconds: what passes between two packets, and before a flow is printed
CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back


class Replay:
    """A conntrack that packets are fed to, a moment apart; ``events`` are its event lines."""

    def __init__(self, form: str = "text", output: Output = PLAIN, **sysctls: int) -> None:
        settings = {"nf_conntrack_acct": 1, **sysctls}
        self.conntrack = Conntrack(Registry.load(strict=True), settings)
        self.now = START
        self.form = FORMATS[form]
        self.output = output
        self.events: list[str] = []
        self.net = self.conntrack.net
        self.net.notifier.listeners.append(self._event)

    def _event(self, kind: EventKind, ct: Conn, mask: int) -> None:
        self.events.append(self.form.event_line(kind, ct, mask, self.net.now, self.output))

    def feed(self, *packets: bytes) -> Conn:
        """Feed packets; returns the flow of the last one."""
        for packet in packets:
            ct = self.conntrack.feed(packet, self.now).entry
            self.now += MOMENT
        assert ct is not None
        return ct

    def feed_last(self, packet: bytes) -> None:
        """Feed a packet that ends its flow."""
        self.conntrack.feed(packet, self.now)
        self.now += MOMENT

    def line(self, ct: Conn, output: Output = PLAIN) -> str:
        """A flow as a line of the format, now."""
        return self.form.flow_line(ct, self.now, output)


def nat(ct: Conn, src: bytes | None = None, dst: bytes | None = None) -> Conn:
    """The flow as source (``dst`` of the reply) or destination translation (``src`` of the reply) makes it."""
    t = ct.tuple(1)
    ct.reply = t._replace(src=src or t.src, dst=dst or t.dst).pack()
    ct.status |= Status.SRC_NAT_DONE | Status.DST_NAT_DONE
    return ct


def with_helper(ct: Conn, name: str = "ftp", class_name: str = "") -> Conn:
    """The flow with a helper that has one class of expectations."""
    helper = SimpleNamespace(name=name, policies=[SimpleNamespace(name=class_name)], destroy=None)
    ct.ext = ct.ext or [None] * len(ExtId)
    ct.ext[EXT_HELPER] = SimpleNamespace(helper=helper, expectations=[])
    return ct


def with_labels(ct: Conn, *bits: int) -> Conn:
    """The flow with label bits set."""
    ct.ext = ct.ext or [None] * len(ExtId)
    ct.ext[ExtId.LABELS] = labels = LabelSet()
    labels.bits = sum(1 << bit for bit in bits)
    return ct


SYN = CLIENT.tcp(1000, 80, "S", 10)
ANSWERED = (SYN, SERVER.tcp(80, 1000, "SA", 50, 11), CLIENT.tcp(1000, 80, "A", 11, 51))
TCP_FLOW = "tcp      6 119 SYN_SENT src=10.0.1.2 dst=10.0.2.2 sport=1000 dport=80 packets=1 bytes=40 "
TCP_ANSWER = "src=10.0.2.2 dst=10.0.1.2 sport=80 dport=1000 packets=0 bytes=0 "


@contextlib.contextmanager
def timezone(name: str) -> Iterator[None]:
    """Local time by a value of TZ."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()
