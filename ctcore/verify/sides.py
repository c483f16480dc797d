"""The two sides of a comparison, packet by packet: the running kernel as the judge, and ctcore.

Both get the same bytes at the same time: ctcore's clock is the kernel's, for each packet the moment at which the kernel
was given it. So timeouts agree, however long the replay takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from ctcore.api import Conntrack
from ctcore.conn import Conn
from ctcore.errors import CtcoreError
from ctcore.expect import Expectation
from ctcore.formats import expects, proc, text
from ctcore.formats.objects import expected_object, flow_object
from ctcore.helper import Assignment
from ctcore.netns import Net
from ctcore.registry import Registry
from ctcore.sysctl import NETFILTER
from ctcore.verify.fuzz.run import KERNEL_ONLY
from ctcore.verify.kernel import Kernel
from ctcore.verify.streams import ACCOUNTING

Record: TypeAlias = dict[str, Any]


class Judge(Protocol):
    """Whoever says what should have become of the packets: the running kernel, or a recording of it."""

    def account(self, packet: bytes, ethertype: int) -> Record:
        """What became of the next packet, in the schema of ``trace -o json``."""

    def final(self) -> Record:
        """After the last packet: ``time_ns``, ``statistics`` by name, ``table`` (flows as objects), the lines of
        ``proc`` and of ``list`` (``conntrack -L``), each None where they cannot be had, and the ``events`` since.

        And the same of what is expected: ``expectations``, ``expect_proc`` and ``expect_list``.
        """


class KernelJudge:
    """The running kernel, asked about the packets of the given EtherTypes. It has to be opened already.

    ``slowest``: nanoseconds that it took at most to be asked about a packet.
    """

    def __init__(self, kernel: Kernel, ethertypes: Iterable[int]) -> None:
        self._kernel = kernel
        self._ethertypes = frozenset(ethertypes)
        self.slowest = 0

    def account(self, packet: bytes, ethertype: int) -> Record:
        """Send it through the kernel; what it does not track is not given to it. Raises CtcoreError."""
        begin = time.monotonic_ns()
        kernel = self._kernel
        record = kernel.replay(packet, ethertype) if ethertype in self._ethertypes else kernel.unseen()
        self.slowest = max(self.slowest, time.monotonic_ns() - begin)
        return record

    def final(self) -> Record:
        """Ask the kernel, and the program conntrack where it is installed."""
        kernel = self._kernel
        proc_lines = self._proc("nf_conntrack")
        # A dump has the kernel collect what has expired: so the events come after it.
        return {
            "time_ns": time.time_ns(),
            "statistics": kernel.stats(),
            "table": kernel.dump(),
            "proc": proc_lines,
            "list": kernel.conntrack_list(),
            "expectations": kernel.expectations(),
            "expect_proc": self._proc("nf_conntrack_expect"),
            "expect_list": self._expect_list(),
            "events": list(kernel.events()),
        }

    def _expect_list(self) -> list[str] | None:
        """The program lists the expectations of one address family alone, unlike flows."""
        lines = [self._kernel.conntrack_list("expect", "--family", family) for family in ("ipv4", "ipv6")]
        return None if None in lines else [line for each in lines for line in each or ()]

    def _proc(self, name: str) -> list[str] | None:
        try:
            return self._kernel.proc(name)
        except CtcoreError:
            return None


class Own:
    """ctcore's side. ``sysctls`` as for the kernel; ``registry``: all installed plugins where none is given.

    ``helpers`` as for ``HelperTable.assign``. Plugins that are history are left out: the kernel's side has nothing
    like them.
    """

    def __init__(
        self, sysctls: Mapping[str, int], registry: Registry | None = None, helpers: Iterable[str] = ()
    ) -> None:
        today = (registry if registry is not None else Registry.load()).today()
        self._tracker = Conntrack(today, {**ACCOUNTING, **sysctls}, helpers=helpers)
        self._ethertypes = frozenset(self._tracker.net.l3protos)
        self._frame = 0

    @property
    def net(self) -> Net:
        """The namespace in which it tracks."""
        return self._tracker.net

    @property
    def ethertypes(self) -> frozenset[int]:
        """The EtherTypes of the network layer protocols for which a plugin is loaded."""
        return self._ethertypes

    @property
    def assignments(self) -> list[Assignment]:
        """The helpers for new flows, for the kernel to do the same."""
        return self._tracker.net.helpers.assignments

    @property
    def helpers(self) -> list[str]:
        """The same in full, each as ``NAME:PROTO:PORT``, whatever the address family."""
        l4protos = self.net.l4protos
        return list(dict.fromkeys(f"{one.name}:{l4protos[one.l4num].name}:{one.port}" for one in self.assignments))

    def account(self, packet: bytes, ethertype: int, now: int) -> Record:
        """Track the next packet at the time ``now`` (nanoseconds) and tell what became of it."""
        self._frame += 1
        result = self._tracker.feed(packet, now, ethertype)
        return {
            "frame": self._frame,
            "time_ns": now,
            "ctinfo": result.state,
            "direction": result.direction,
            "verdict": result.verdict.name.lower(),
            "reasons": result.reasons,
            "entry": None if result.entry is None else flow_object(result.entry, self._tracker.net.now),
            "events": result.events,
        }

    def final(self, now: int) -> Record:
        """The same as a judge's ``final``, at the time ``now``."""
        net, events = self._tracker.net, self._tracker.advance(now)

        def each(line: Callable[[Conn, int], Any]) -> list[Any]:
            return [line(ct, now) for ct in net.table]

        def expected(line: Callable[[Expectation, int], Any]) -> list[Any]:
            return [line(exp, now) for exp in net.expectations]

        return {
            "time_ns": now,
            "statistics": dict(net.stat.items()),
            "table": each(flow_object),
            "proc": each(proc.flow_line),
            "list": each(text.flow_line),
            "expectations": expected(expected_object),
            "expect_proc": expected(proc.expect_line),
            "expect_list": expected(expects.text_line),
            "events": events,
        }


def opened(sysctls: Mapping[str, int], helpers: Iterable[Assignment] = ()) -> Kernel:
    """The running kernel with these sysctls and helpers, to be entered. It drops source-routed packets, as we do."""
    return Kernel({**KERNEL_ONLY, **ACCOUNTING, **sysctls}, helpers)


def parse_settings(assignments: Iterable[str], registry: Registry | None = None) -> dict[str, int]:
    """``NAME=VALUE`` as typed, by the names that a kernel knows. Raises SysctlError where ctcore does not take it."""
    sysctl = Conntrack(registry, listen=False).net.sysctl
    found: dict[str, int] = {}
    for assignment in assignments:
        sysctl.set_text(assignment)
        declared = sysctl.find(assignment.partition("=")[0].strip())
        found[declared.path.removeprefix(NETFILTER)] = sysctl[declared.path]
    return found
