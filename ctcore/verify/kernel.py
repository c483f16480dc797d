"""Packets through the running kernel's nf_conntrack, one at a time, answered with ``trace -o json`` objects.

A packet written to a TUN device has, as a rule, gone all the way by the time that the write returns: the
answer lies ready in the sockets. Only where something is missing (a packet that did not come out, a fragment
that waits) is the sentinel sent after it: when the kernel reports that one, nothing more can come. So no
fixed time is ever waited for.

The flow of a packet is asked for by the packet's tuple, as the kernel logged it after reassembly; that of a
RELATED ICMP error by the tuple of the packet inside. GRE's packets tell one key of two: where that was not
enough, their flow is looked up by the number that the log has of it. An INVALID packet belongs to no flow, but
what it did to the flow of its own tuple matters, so that one is shown.
"""

from __future__ import annotations

import errno
import os
import shutil
import struct
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

from ctcore.errors import CtcoreError
from ctcore.helper import Assignment
from ctcore.verify import decode
from ctcore.verify.namespace import Namespace
from ctcore.verify.netlink import ACK, DUMP, EXCL_CREATE, Message, Netfilter, attribute
from ctcore.verify.router import LOG_GROUP, SNAPLEN

ETH_P_IP: Final = 0x0800
ETH_P_IPV6: Final = 0x86DD

_CT_NEW, _CT_GET, _CT_DELETE, _CT_STATS, _CT_COUNT = 0x100, 0x101, 0x102, 0x104, 0x105
_EXP_NEW, _EXP_GET, _EXP_DELETE, _EXP_STATS = 0x200, 0x201, 0x202, 0x203
_LOG_PACKET, _LOG_CONFIG = 0x400, 0x401
_EVENT_GROUPS: Final = (1, 2, 3, 4, 6)
_MARK, _PAYLOAD, _PREFIX = 2, 9, 10
_SENTINEL: Final = struct.pack("!HHBBHHHBBH4s4s", 0, ETH_P_IP, 0x45, 0, 20, 0, 0, 64, 253, 0x79EE, bytes(4), bytes(4))
_SENTINEL_WAIT: Final = 2.0
_LOOPBACK: Final = bytes(15) + b"\1"
_DEFAULTS: Final = {"nf_conntrack_acct": 1, "nf_conntrack_log_invalid": 255, "nf_conntrack_events": 1}


@dataclass(slots=True)
class _Heard:
    """What the log said of one packet."""

    reasons: list[str] = field(default_factory=list)
    ctinfo: str = "none"
    direction: str | None = None
    packet: bytes = b""
    flow: int = 0
    fragment: bool = False
    sentinel: bool = False


class Kernel:
    """A context manager: a fresh conntrack table of the running kernel, in a network namespace of its own.

    ``sysctls`` (``nf_conntrack_*`` by bare name) are set before the first packet; accounting, events and the
    kernel's remarks on invalid packets are on unless they say otherwise. ``helpers`` are given to new flows.
    The calling thread is kept on one processor meanwhile, for packets stay in order only there. Raises
    CtcoreError where root or a part of the kernel is missing.
    """

    def __init__(self, sysctls: Mapping[str, int | str] | None = None, helpers: Iterable[Assignment] = ()) -> None:
        self._namespace = Namespace({**_DEFAULTS, **(sysctls or {})}, helpers)
        self._sockets: list[Netfilter] = []
        self._processors: set[int] = set()
        self._frame = 0
        self._tuples: dict[int, bytes] = {}

    def __enter__(self) -> Kernel:
        self._namespace.__enter__()
        try:
            with self._namespace.entered():
                self._log, self._events, self._ask = self._open(), self._open(*_EVENT_GROUPS), self._open()
            self._listen()
            self._processors = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {min(self._processors)})
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End it all; the kernel removes the namespace. Harmless when repeated."""
        if self._processors:
            os.sched_setaffinity(0, self._processors)
            self._processors = set()
        for netlink in self._sockets:
            netlink.close()
        self._sockets.clear()
        self._namespace.close()

    def replay(self, packet: bytes, ethertype: int = ETH_P_IP, frame: int | None = None) -> dict[str, Any]:
        """Send one network packet (from its IP header on) through the kernel and tell what became of it.

        Returns an object in the schema of ``trace -o json``. ``frame`` is its number there, by default one
        more than the last; ``time_ns`` is when it was written. ``verdict`` is "accept" where the packet came
        out, "stolen" for a fragment that was kept, else "drop", whoever dropped it; and "gone" for a fragment of
        IPv6 that conntrack did not get, for nobody can tell one that waits from one that was dropped.
        """
        self._frame = self._frame + 1 if frame is None else frame
        now = time.time_ns()
        heard = _Heard()
        self._send(packet, ethertype)
        self._collect(heard)
        out = self._came_out()
        if not out or heard.ctinfo == "none":
            self._settle(heard)
            out = self._came_out() or out
        return {
            "frame": self._frame,
            "time_ns": now,
            "ctinfo": heard.ctinfo,
            "direction": heard.direction,
            "verdict": _verdict(heard, out, ethertype),
            "reasons": heard.reasons,
            "entry": self._entry(heard, ethertype),
            "events": list(self.events()),
        }

    def unseen(self, frame: int | None = None) -> dict[str, Any]:
        """The object for a frame that the kernel is not given, for it carries no network packet."""
        self._frame = self._frame + 1 if frame is None else frame
        nothing: dict[str, Any] = {"ctinfo": "none", "direction": None, "verdict": "accept", "reasons": []}
        return {"frame": self._frame, "time_ns": time.time_ns(), **nothing, "entry": None, "events": []}

    def events(self) -> Iterator[dict[str, Any]]:
        """The events since the last call, in order; ``replay`` takes those of its packet itself."""
        for message in self._events.heard():
            if message.kind == _CT_NEW:
                yield {"type": "NEW" if message.flags & EXCL_CREATE else "UPDATE", **decode.entry(message)}
            elif message.kind == _CT_DELETE:
                yield {"type": "DESTROY", **decode.entry(message)}
            elif message.kind in (_EXP_NEW, _EXP_DELETE):
                kind = "EXP_NEW" if message.kind == _EXP_NEW else "EXP_DESTROY"
                yield {"type": kind, **decode.expectation(message)}

    def dump(self) -> list[dict[str, Any]]:
        """All entries of the table, in the kernel's order."""
        return [decode.entry(message) for message in self._ask.request(_CT_GET, flags=DUMP)]

    def stats(self) -> dict[str, int]:
        """The counters that ``conntrack -S`` and ``conntrack -S expect`` print, summed over the processors."""
        flows, expectations = (self._ask.request(kind, flags=DUMP) for kind in (_CT_STATS, _EXP_STATS))
        return {**decode.statistics(flows), **decode.expect_statistics(expectations)}

    def expectations(self) -> list[dict[str, Any]]:
        """All expectations, in the kernel's order."""
        return [decode.expectation(message) for message in self._ask.request(_EXP_GET, flags=DUMP)]

    def count(self) -> int:
        """How many flows have memory: nf_conntrack_count."""
        (message,) = self._ask.request(_CT_COUNT)
        return int.from_bytes(message.attributes[1], "big")

    def proc(self, name: str = "nf_conntrack") -> list[str]:
        """The lines of /proc/net/nf_conntrack, or of the file ``name``. Raises CtcoreError where there is none."""
        with self._namespace.entered():
            try:
                with open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
                    return file.read().splitlines()
            except FileNotFoundError:
                raise CtcoreError(f"this kernel lacks /proc/net/{name}") from None

    def conntrack_list(self, *options: str) -> list[str] | None:
        """The lines that ``conntrack -L`` prints with these options; None where it is not installed."""
        if shutil.which("conntrack") is None:
            return None
        return self._namespace.run("conntrack", "-L", *options).stdout.splitlines()

    def _open(self, *groups: int) -> Netfilter:
        netlink = Netfilter(*groups)
        self._sockets.append(netlink)
        return netlink

    def _listen(self) -> None:
        """Ask for every log message at once, with the first bytes of the packet."""
        copy = attribute(2, struct.pack("!IBx", SNAPLEN, 2))
        settings = (attribute(1, b"\x01"), copy + attribute(5, struct.pack("!I", 1)))
        for group in (0, LOG_GROUP):
            for payload in settings:
                try:
                    self._log.request(_LOG_CONFIG, payload, flags=ACK, resource=group)
                except OSError as error:
                    raise CtcoreError(f"this kernel lacks nfnetlink_log: {error.strerror}") from None
        try:
            self._ask.request(_CT_GET, flags=DUMP)
        except OSError as error:
            raise CtcoreError(f"this kernel lacks nf_conntrack_netlink: {error.strerror}") from None

    def _send(self, packet: bytes, ethertype: int) -> None:
        """From the wire; a packet from ::1 to ::1, which was captured on a loopback interface, comes from there."""
        loopback = self._namespace.loopback
        if ethertype != ETH_P_IPV6 or packet[8:40] != _LOOPBACK * 2 or loopback is None:
            self._write(self._namespace.inner, struct.pack("!HH", 0, ethertype) + packet)
            return
        try:
            loopback.sendto(packet, ("lo", ETH_P_IPV6, 0, 0, bytes(6)))
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise

    def _write(self, device: int, packet: bytes) -> None:
        try:
            os.write(device, packet)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EMSGSIZE):
                raise

    def _collect(self, heard: _Heard, timeout: float = 0.0) -> None:
        for message in self._log.heard(timeout):
            if message.kind == _LOG_PACKET:
                _note(heard, message)

    def _settle(self, heard: _Heard) -> None:
        """Wait until the kernel has dealt with all that was written."""
        self._write(self._namespace.outer, _SENTINEL)
        deadline = time.monotonic() + _SENTINEL_WAIT
        self._collect(heard)
        while not heard.sentinel:
            if time.monotonic() > deadline:
                raise CtcoreError("the kernel does not report the packets that it is given")
            self._collect(heard, _SENTINEL_WAIT / 10)

    def _came_out(self) -> bool:
        out = False
        try:
            while os.read(self._namespace.outer, 1 << 16):
                out = True
        except BlockingIOError:
            pass
        return out

    def _entry(self, heard: _Heard, ethertype: int) -> dict[str, Any] | None:
        query = decode.query(heard.packet, heard.ctinfo == "related", 6 if ethertype == ETH_P_IPV6 else None)
        if query is None:
            return None
        found = self._get(*query)
        if not heard.flow or (found is not None and found["id"] == heard.flow):
            return found
        return self._numbered(query[0], heard.flow)

    def _get(self, family: int, wanted: bytes) -> dict[str, Any] | None:
        try:
            answer = self._ask.request(_CT_GET, wanted, family=family)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINVAL):
                return None
            raise
        return decode.entry(answer[0])

    def _numbered(self, family: int, number: int) -> dict[str, Any] | None:
        """The flow with this number: a dump finds it, which is slow, and its tuple finds it again."""
        known = self._tuples.get(number)
        found = self._get(family, known) if known is not None else None
        if found is not None and found["id"] == number:
            return found
        found = None
        for message in self._ask.request(_CT_GET, flags=DUMP):
            entry = decode.entry(message)
            self._tuples[entry["id"]] = decode.original(message)
            found = entry if entry["id"] == number else found
        return found


def _note(heard: _Heard, message: Message) -> None:
    """Note one log message: a remark of the kernel's own (group 0), or a place that the packet passed."""
    text = message.attributes.get(_PREFIX, b"").rstrip(b"\0").decode("ascii", "replace").rstrip()
    ctinfo, slash, direction = text.partition("/")
    if message.resource == 0:
        heard.reasons.append(text)
    elif slash:
        heard.ctinfo, heard.direction = ctinfo, direction or None
        heard.packet = message.attributes.get(_PAYLOAD, b"")
        mark = int.from_bytes(message.attributes.get(_MARK, b""), "big")
        heard.flow = int.from_bytes(mark.to_bytes(4, sys.byteorder), "big")  # CTA_ID lies as it does in memory
    else:
        setattr(heard, text, True)


def _verdict(heard: _Heard, out: bool, ethertype: int) -> str:
    if out:
        return "accept"
    if heard.fragment and heard.ctinfo == "none":
        return "stolen" if ethertype == ETH_P_IP else "gone"
    return "drop"
