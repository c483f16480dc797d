"""Conversations with pauses in them, many at a time, and when each flow of theirs has to end.

``sudo python -m tests.timed.scenes`` writes them as captures, and beside these what the running kernel says of them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ctcore.sources import open_capture
from ctcore.testing.packets import UDP, IPv4, payload_of
from ctcore.verify.realtime import REAL_TIME, TOLERANCE, Pace, TimedComparison
from ctcore.verify.recorded import Recorder, place
from ctcore.verify.sidebyside import Outcome, replay
from ctcore.verify.sides import KernelJudge, Own, opened
from tests.recorded.make import write_timed

HERE: Final = Path(__file__).parent
ENOUGH: Final = 5
"""How often a busy machine is asked again."""

Line = tuple[float, bytes]  # seconds from the start, and the packet


@dataclass(frozen=True)
class Talk:
    """A conversation: its packets, and the seconds from the start at which the flows that it opens end."""

    name: str
    lines: tuple[Line, ...]
    ends: tuple[float, ...]


class Scene:
    """Talks that go on at the same time, each between two hosts of its own, under these sysctls."""

    def __init__(self, name: str, sysctls: dict[str, int]) -> None:
        self.name = name
        self.sysctls = {**REAL_TIME, **sysctls}
        self.talks: list[Talk] = []
        self.hosts: dict[str, str] = {}

    @property
    def capture(self) -> Path:
        """Where the packets are."""
        return HERE / f"{self.name}.pcap"

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return max(when for talk in self.talks for when, _ in talk.lines)

    def between(self, name: str) -> IPv4:
        """The hosts of a talk yet to be added."""
        number = len(self.talks) + 1
        self.hosts[f"10.9.{number}.1"] = name
        return IPv4(f"10.9.{number}.1", f"198.18.{number}.1")

    def add(self, name: str, lines: Iterable[Line], *ends: float) -> None:
        """Add a talk of (seconds, packet)."""
        self.talks.append(Talk(name, tuple(lines), ends))

    def tcp(self, name: str, lines: str, *ends: float) -> None:
        """Add a connection of one line a segment: seconds, who (c or s), flags, seq, ack, bytes of data.

        Sequence numbers count from each side's SYN.
        """
        ip = self.between(name)
        sides = {"c": (ip, 40000, 80, 1000, 5000), "s": (ip.back, 80, 40000, 5000, 1000)}
        found = []
        for line in filter(None, lines.splitlines()):
            when, who, flags, *numbers = line.split()
            seq, ack, size = [int(number) for number in [*numbers, "0", "0", "0"][:3]]
            side, sport, dport, mine, theirs = sides[who]
            ack = theirs + ack if "A" in flags else 0
            packet = side.tcp(sport, dport, flags, mine + seq, ack, window=1000, data=bytes(size))
            found.append((float(when), packet))
        self.add(name, found, *ends)

    def udp(self, name: str, client: Iterable[float], server: Iterable[float], *ends: float) -> None:
        """Add datagrams of a client and of a server, at these seconds."""
        ip = self.between(name)
        lines = [(when, ip.udp(1000, 53, b"ask")) for when in client]
        lines += [(when, ip.back.udp(53, 1000, b"tell")) for when in server]
        self.add(name, sorted(lines), *ends)

    def packets(self) -> list[Line]:
        """Every packet with its time, in order."""
        return sorted((line for talk in self.talks for line in talk.lines), key=lambda line: line[0])

    def ask(self, folder: Path) -> Outcome:
        """Replay the capture with its pauses through the kernel and ctcore; the recording goes to ``folder``.

        Where they differ although a packet had to wait for the processor longer than the tolerance, again.
        """
        capture = str(self.capture)
        for _ in range(ENOUGH):
            own = Own(self.sysctls)
            with open_capture(capture) as source, opened(self.sysctls) as kernel:
                judge = KernelJudge(kernel, own.ethertypes)
                recorder = Recorder(judge, capture, self.sysctls, real_time=True)
                outcome = replay(source, recorder, own, comparison=TimedComparison(), wait=Pace().wait)
            if outcome.agrees or judge.slowest < TOLERANCE:
                break
        recorder.save(place(folder, capture))
        return outcome


def check_ends(scene: Scene, recording: Path) -> None:
    """Each flow ended, as the kernel said, when it had to; no later than that by more than its packets were late."""
    with gzip.open(recording, "rt", encoding="utf-8") as file:
        _, *accounts, last = map(json.loads, file)
    start = accounts[0]["time_ns"]
    sent = {line: account["time_ns"] for line, account in zip(scene.packets(), accounts, strict=True)}
    found: dict[str, list[float]] = {talk.name: [] for talk in scene.talks}
    for account in (*accounts, last["final"]):
        for event in account["events"]:
            if event["type"] == "DESTROY":
                hosts = {event["original"]["src"], event["original"]["dst"]} & scene.hosts.keys()
                found[scene.hosts[hosts.pop()]].append((event["timestamp"]["stop"] - start) / 1e9)
    slack = TOLERANCE / 1e9
    for talk in scene.talks:
        late = max((sent[when, packet] - start) / 1e9 - when for when, packet in talk.lines)
        ends = sorted(found[talk.name])
        assert len(ends) == len(talk.ends), talk.name
        for end, wanted in zip(ends, talk.ends, strict=True):
            assert wanted - slack <= end <= wanted + late + slack, talk.name


HANDSHAKE: Final = """
0.0 c S
0.1 s SA 0 1
0.2 c A 1 1
"""
CLOSING: Final = f"""{HANDSHAKE}
0.5 c FA 1 1
0.7 s A 1 2
0.9 s FA 1 2
1.1 c A 2 2
"""


def upto(when: float, lines: str) -> str:
    """The lines until a time (seconds)."""
    return "\n".join(line for line in lines.strip().splitlines() if line and float(line.split()[0]) <= when)


def short() -> Scene:
    """Every timeout, some seconds long."""
    scene = Scene(
        "short",
        {
            "nf_conntrack_generic_timeout": 2,
            "nf_conntrack_icmp_timeout": 2,
            "nf_conntrack_udp_timeout": 3,
            "nf_conntrack_udp_timeout_stream": 4,
            "nf_conntrack_tcp_timeout_syn_sent": 2,
            "nf_conntrack_tcp_timeout_syn_recv": 3,
            "nf_conntrack_tcp_timeout_established": 7,
            "nf_conntrack_tcp_timeout_fin_wait": 4,
            "nf_conntrack_tcp_timeout_close_wait": 5,
            "nf_conntrack_tcp_timeout_last_ack": 2,
            "nf_conntrack_tcp_timeout_time_wait": 3,
            "nf_conntrack_tcp_timeout_close": 1,
            "nf_conntrack_tcp_timeout_max_retrans": 4,
            "nf_conntrack_tcp_timeout_unacknowledged": 5,
            "net.ipv4.ipfrag_time": 2,
            "net.ipv4.ipfrag_max_dist": 4,
        },
    )
    tcp_states(scene)
    tcp_timers(scene)
    datagrams(scene)
    fragments(scene)
    scene.udp("the last packet", [10.5], [])
    return scene


def tcp_states(scene: Scene) -> None:
    """A connection that falls silent in each state, and what begins anew after its end."""
    scene.tcp("SYN_SENT", "0 c S", 2)
    scene.tcp("SYN_RECV", "0 c S\n0.5 s SA 0 1", 3.5)
    scene.tcp("ESTABLISHED", HANDSHAKE, 7.2)
    scene.tcp("FIN_WAIT", upto(0.5, CLOSING), 4.5)
    scene.tcp("CLOSE_WAIT", upto(0.7, CLOSING), 5.7)
    scene.tcp("LAST_ACK", upto(0.9, CLOSING), 2.9)
    scene.tcp("TIME_WAIT", CLOSING, 4.1)
    scene.tcp("CLOSE", f"{HANDSHAKE}0.5 c R 1", 1.5)
    scene.tcp("SYN_SENT2", "0 c S\n0.5 s S", 2)
    scene.tcp("refused", "0 c S\n0.5 s RA 0 1", 0.5)
    scene.tcp("TIME_WAIT, reopened", f"{CLOSING}2 c S 100", 2, 4)
    scene.tcp("SYN_SENT over, begun again", "0 c S\n2.5 c S 100", 2, 4.5)
    scene.tcp("TIME_WAIT over, a late ACK picks up", f"{CLOSING}4.5 c A 2 2", 4.1, 8.5)


def tcp_timers(scene: Scene) -> None:
    """What makes a connection live longer, and what does not."""
    scene.tcp("SYN again", "0 c S\n1.5 c S", 2)
    scene.tcp("SYN/ACK again", "0 c S\n0.5 s SA 0 1\n2 s SA 0 1", 3.5)
    scene.tcp("data and its acknowledgement", f"{HANDSHAKE}1 c PA 1 1 10\n1.5 s A 1 11", 8.5)
    scene.tcp("unacknowledged data", f"{HANDSHAKE}1 c PA 1 1 10", 6)
    again = "".join(f"{when} c PA 1 1 10\n" for when in (0.5, 0.7, 0.9, 1.1))
    scene.tcp("data three times again", HANDSHAKE + again, 5.1)
    scene.tcp("data twice again", HANDSHAKE + again.replace("1.1 c PA 1 1 10\n", ""), 5.9)
    scene.tcp("picked up", "0 c A 1 1", 4)  # no window is known yet: as if it were shut
    scene.tcp("picked up, answered", "0 c A 1 1\n1 s A 1 1", 6)
    scene.tcp("picked up, answered, assured", "0 c A 1 1\n1 s A 1 1\n2 c A 1 1", 9)
    scene.tcp("out of the window", f"{HANDSHAKE}3 c A 900000 1", 7.2)
    scene.tcp("a challenged SYN", f"{HANDSHAKE}3 c S 100", 7.2)
    scene.tcp("keep-alive", f"{HANDSHAKE}3 c A 0 1\n3.2 s A 1 1", 10.2)


def datagrams(scene: Scene) -> None:
    """UDP and its rule for streams, ICMP, and a protocol that has no tracker."""
    scene.udp("one datagram", [0], [], 3)
    scene.udp("one side only", [0, 2.5], [], 5.5)
    scene.udp("a short exchange", [0, 1.75], [0.5], 4.75)
    scene.udp("a stream", [0, 2.25], [0.5], 6.25)
    scene.udp("a first answer after two seconds", [0, 1.5], [2.5], 5.5)
    scene.udp("a second word after that", [0, 1.5, 3], [2.5], 7)
    scene.udp("a stream of answers", [0], [0.5, 2.25], 6.25)
    scene.udp("over, begun again", [0, 3.5], [], 3, 6.5)
    scene.udp("answered when over", [0], [3.5], 3, 6.5)
    ip = scene.between("a bad checksum")
    scene.add("a bad checksum", [(0, ip.udp(1000, 53)), (1.5, ip.udp(1000, 53, check=1))], 3)
    ip = scene.between("an ICMP error")
    error = ip.back.icmp_error(3, 3, ip.udp(1000, 53)[:28])
    scene.add("an ICMP error", [(0, ip.udp(1000, 53)), (1.5, error)], 3)
    ip = scene.between("ping")
    scene.add("ping", [(0, ip.echo(7))], 2)
    ip = scene.between("ping, answered")
    scene.add("ping, answered", [(0, ip.echo(7)), (1.5, ip.back.echo(7, kind=0))], 3.5)
    ip = scene.between("generic")
    scene.add("generic", [(0, ip.packet(99, b"x"))], 2)
    ip = scene.between("generic, both ways")
    scene.add("generic, both ways", [(0, ip.packet(99, b"x")), (1.5, ip.back.packet(99, b"x"))], 3.5)


def fragments(scene: Scene) -> None:
    """Datagrams in pieces, some of which wait too long. A flow ends three seconds after its datagram was whole."""

    def pieces(name: str, ident: int = 1) -> tuple[IPv4, list[bytes]]:
        ip = scene.between(name)
        ip = IPv4(ip.src, ip.dst, ident=ident)
        return ip, ip.fragments(UDP, payload_of(ip.udp(1000, 53, bytes(16))), [8, 16])

    for name, order, times, ends in (
        ("whole in time", (0, 1, 2), (0, 0.5, 1.5), (4.5,)),
        ("backwards, whole in time", (2, 1, 0), (0, 0.5, 1.5), (4.5,)),
        ("never whole", (0, 1), (0, 1.5), ()),
        ("too late: the first piece sets the time", (0, 1, 2), (0, 1.5, 2.5), ()),
        ("the rest comes again", (0, 1, 2, 0, 1), (0, 1.5, 2.5, 3, 3.5), (6.5,)),
    ):
        _, parts = pieces(name)
        scene.add(name, [(when, parts[one]) for one, when in zip(order, times, strict=True)], *ends)
    name = "many others between: the time begins anew"
    ip, parts = pieces(name)
    others = [IPv4(ip.src, ip.dst, ident=ident).fragments(UDP, bytes(24), [8])[0] for ident in range(2, 8)]
    lines = [(0.0, parts[0]), *((1.0, other) for other in others), (1.5, parts[0]), (2.5, parts[1]), (3, parts[2])]
    scene.add(name, lines, 6)


def long() -> Scene:
    """Connections with more than two minutes to live, which a FIN or RST out of the window cuts short."""
    scene = Scene("long", {"nf_conntrack_tcp_timeout_established": 121, "nf_conntrack_tcp_timeout_unacknowledged": 2})
    for flags in ("FA", "RA"):
        scene.tcp(f"{flags} from both", f"{HANDSHAKE}0.5 c {flags} 900000 1\n0.7 s {flags} 900000 1", 2.7)
        scene.tcp(f"{flags} from both, too late", f"{HANDSHAKE}1.6 c {flags} 900000 1\n1.8 s {flags} 900000 1")
        scene.tcp(f"{flags} from one", f"{HANDSHAKE}0.5 c {flags} 900000 1\n0.7 c {flags} 900000 1")
    scene.udp("the last packet", [4], [])
    return scene


SCENES: Final = (short, long)


def main() -> None:
    """Write the captures and the kernel's answers, and name those with which ctcore does not agree."""
    for make in SCENES:
        scene = make()
        write_timed(scene.capture, scene.packets())
        outcome = scene.ask(HERE)
        for difference in outcome.comparison.differences:
            print(f"{scene.name}: {difference}")


if __name__ == "__main__":
    main()
