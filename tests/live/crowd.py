"""A table with flows of every kind in it, of the kernel and of ctcore, and a small maximum for both."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ctcore.testing.packets import IPv4
from ctcore.verify.kernel import ETH_P_IP, Kernel
from ctcore.verify.machine import Alone
from ctcore.verify.sidebyside import FullComparison
from ctcore.verify.sides import KernelJudge, Own, Record

BUCKETS = Path("/proc/sys/net/netfilter/nf_conntrack_buckets")
STREAM_AFTER = 2.1
NEWCOMER = "newcomer"
SERVER = "198.18.0.1"

SYN, SYN_ACK, ACK = ("c", "S", 0, 0), ("s", "SA", 0, 1), ("c", "A", 1, 1)
FIN, ACK_OF_FIN, FIN_BACK, LAST = ("c", "FA", 1, 1), ("s", "A", 1, 2), ("s", "FA", 1, 2), ("c", "A", 2, 2)
OPEN = (SYN, SYN_ACK, ACK)
TCP = {
    "SYN_SENT": (SYN,),
    "SYN_RECV": (SYN, SYN_ACK),
    "picked up": (ACK,),
    "ESTABLISHED": OPEN,
    "FIN_WAIT": (*OPEN, FIN),
    "CLOSE_WAIT": (*OPEN, FIN, ACK_OF_FIN),
    "LAST_ACK": (*OPEN, FIN, ACK_OF_FIN, FIN_BACK),
    "TIME_WAIT": (*OPEN, FIN, ACK_OF_FIN, FIN_BACK, LAST),
    "CLOSE": (*OPEN, ("c", "R", 1, 0)),
}
KINDS = ("udp", "udp, answered", "icmp", "generic", "udp stream", *TCP)
ASSURED = ("udp stream", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE")
UNHURRIED = {
    f"nf_conntrack_{name}": 300 for name in ("udp_timeout", "icmp_timeout", "tcp_timeout_last_ack", "tcp_timeout_close")
}
"""So no flow runs out while a busy machine fills the table."""

Told = tuple[Record, Record]  # the kernel's account of a packet, and ctcore's
SPARE = tuple(kind for kind in KINDS if kind not in ASSURED)


def hosts(kind: str, number: int) -> IPv4:
    """The two ends of a flow: its kind can be told from the client's address."""
    return IPv4(f"10.{KINDS.index(kind) + 1}.{number >> 8}.{number & 255}", SERVER)


def kind_of(flow: Record) -> str:
    """The kind of a flow's object."""
    if not flow["original"]["src"].startswith("10."):
        return NEWCOMER
    return KINDS[int(flow["original"]["src"].split(".")[1]) - 1]


def segment(ip: IPv4, who: str, flags: str, seq: int, ack: int, data: bytes = b"") -> bytes:
    """A TCP segment of client or server; numbers count from each side's SYN."""
    if who == "c":
        return ip.tcp(40000, 80, flags, 1000 + seq, 5000 + ack if "A" in flags else 0, data=data)
    return ip.back.tcp(80, 40000, flags, 5000 + seq, 1000 + ack if "A" in flags else 0, data=data)


def opening(kind: str, ip: IPv4) -> list[bytes]:
    """The packets that make a flow of a kind; of a UDP stream those of the first two seconds."""
    if kind in TCP:
        return [segment(ip, *line) for line in TCP[kind]]
    if kind == "icmp":
        return [ip.echo(7)]
    if kind == "generic":
        return [ip.packet(99, b"x")]
    return [ip.udp(1000, 53), ip.back.udp(53, 1000)][: 1 if kind == "udp" else 2]


@dataclass
class Effect:
    """What new flows did to a full table."""

    tried: int = 0
    entered: int = 0
    refused: int = 0
    evicted: Counter[str] = field(default_factory=Counter)


class CollectorCameError(Exception):
    """The kernel's collector went round while the maximum was small, and gave up flows of its own choice."""


class Crowd:
    """A table of the kernel and one of ctcore that get the same packets."""

    def __init__(self, alone: Alone, kernel: Kernel) -> None:
        self.alone, self.kernel = alone, kernel
        self.judge, self.own = KernelJudge(kernel, (ETH_P_IP,)), Own(UNHURRIED)
        self.buckets = int(BUCKETS.read_text())
        self.own.net.sysctl["nf_conntrack_buckets"] = self.buckets

    def send(self, packets: Iterable[bytes]) -> list[Told]:
        """Give packets to both; returns both accounts of each."""
        found = []
        for packet in packets:
            theirs = self.judge.account(packet, ETH_P_IP)
            found.append((theirs, self.own.account(packet, ETH_P_IP, theirs["time_ns"])))
        return found

    def fill(self, kinds: dict[str, int]) -> int:
        """Open so many flows of each kind; returns how many there are in all."""
        ends = [(kind, hosts(kind, number)) for kind, many in kinds.items() for number in range(many)]
        told = self.send(packet for kind, ip in ends for packet in opening(kind, ip))
        streams = [ip for kind, ip in ends if kind == "udp stream"]
        if streams:
            time.sleep(STREAM_AFTER)
        told += self.send(ip.udp(1000, 53) for ip in streams)
        assert all(theirs["verdict"] == ours["verdict"] == "accept" for theirs, ours in told)
        count = self.kernel.count()
        assert count == self.own.net.table.count == len(ends)
        for flow in self.kernel.dump():
            assert ("ASSURED" in flow["status"]) is (kind_of(flow) in ASSURED)
        return count

    @contextlib.contextmanager
    def maximum(self, flows: int, wrong: int = 0) -> Iterator[None]:
        """Both take no more flows than this inside the block, ctcore so many more as are ``wrong``."""
        self.own.net.sysctl["nf_conntrack_max"] = flows + wrong
        with self.alone.maximum(flows):
            yield
        self.own.net.sysctl["nf_conntrack_max"] = 0

    def compare(self, told: Sequence[Told]) -> FullComparison:
        """Compare the accounts field by field, and what there is now."""
        comparison = FullComparison()
        for theirs, ours in told:
            comparison.add(theirs, ours)
        end = self.judge.final()
        comparison.add_final(end, self.own.final(end["time_ns"]))
        return comparison

    def effects(self, told: Sequence[Told], room: int) -> tuple[Effect, Effect]:
        """What packets of new flows did on each side to a table with ``room`` for so many."""
        statistics = self.kernel.stats()
        ended = [flow for theirs, _ in told for flow in _ended(theirs)]
        if len(ended) != statistics["early_drop"] or any(self.kernel.events()):
            raise CollectorCameError
        theirs, ours = (effect([pair[side] for pair in told], room) for side in (0, 1))
        for found, counted in ((theirs, statistics), (ours, dict(self.own.net.stat.items()))):
            assert counted["early_drop"] == sum(found.evicted.values())
            assert counted["drop"] == found.refused
            assert counted["insert_failed"] == counted["invalid"] == counted["error"] == 0
        return theirs, ours


def check_collector(told: Sequence[Told]) -> None:
    """Raise CollectorCameError where the kernel ended flows that ctcore did not end."""
    theirs, ours = (Counter(ended for pair in told for ended in _ended(pair[side])) for side in (0, 1))
    if theirs - ours:
        raise CollectorCameError


def _ended(account: Record) -> list[str]:
    return [str(event["original"]) for event in account["events"] if event["type"] == "DESTROY"]


def effect(accounts: Sequence[Record], room: int) -> Effect:
    """What became of packets of new flows, each of which has to obey the rules of a full table."""
    found = Effect()
    for account in accounts:
        events = account["events"]
        ended = [event for event in events if event["type"] == "DESTROY"]
        if room > 0:
            assert account["verdict"] == "accept"
        else:
            found.tried += 1
            found.entered += account["verdict"] == "accept"
        if account["verdict"] == "accept":
            assert [event["type"] for event in events] == ["DESTROY"] * len(ended) + ["NEW"]
            assert account["ctinfo"] == "new"
            assert bool(ended) is (room <= 0)
            room += len(ended) - 1
        else:
            assert (account["verdict"], account["ctinfo"], events) == ("drop", "none", [])
            found.refused += 1
        found.evicted.update(map(kind_of, ended))
    return found
