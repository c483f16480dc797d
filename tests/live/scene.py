"""A namespace of the kernel with flows of every kind in it, and what conntrack and /proc print of them."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import struct
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from ctcore.netns import Net
from ctcore.testing.packets import IPv4, IPv6
from ctcore.verify.namespace import Namespace
from ctcore.verify.netlink import DUMP, NETLINK_NETFILTER, Message, Netfilter
from tests.live.loading import Loader

CT_GET, CT_STATS, EXP_GET, EXP_STATS = 0x101, 0x104, 0x201, 0x203
EVENT_GROUPS = (1, 2, 3)
EVENT_LINE = re.compile(rb"^(?!<\?xml|</?conntrack>).*\n", re.MULTILINE)
PATIENCE = 60
"""Seconds that a busy machine may need for what is done in none."""

SYSCTLS = {"nf_conntrack_acct": 1, "nf_conntrack_timestamp": 1, "nf_conntrack_events": 1}
LABELS = "1 one\n3 three and more\n127 last\n"
RULES = """
table inet formats {
  ct helper ftp { type "ftp" protocol tcp; l3proto ip; }
  chain raw {
    type filter hook prerouting priority -300;
    udp dport 5001 ct zone set 7
    udp dport 5002 ct original zone set 8
    udp dport 5003 ct reply zone set 9
  }
  chain marks {
    type filter hook prerouting priority 0;
    udp dport 5000 ct label set 3 ct mark set 5
    udp dport 5004 ct label set 1
    udp dport 5004 ct label set 127
    udp dport 5005 ct label set 2
    tcp dport 21 ct helper set "ftp"
  }
}
"""
CREATED = (
    "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 --state SYN_SENT -t 1000 -u SEEN_REPLY",
    "-p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 2 --dport 2 --state NONE -t 1000 -m 77",
    "-p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 1000 -u SEEN_REPLY,ASSURED -w 5",
    "-p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1 --dport 2 -t 1000 -u ASSURED,FIXED_TIMEOUT --orig-zone 5",
    "-p udp -s 10.0.0.1 -d 10.0.0.3 --sport 1 --dport 2 -t 1000 --reply-zone 5",
    "-p udp -s 10.0.0.1 -d 10.0.0.9 -n 10.0.0.77 --sport 1 --dport 2 -t 1000",
    "-p udp -s 10.0.0.2 -d 10.0.0.9 -g 10.0.0.78 --sport 1 --dport 2 -t 1000",
    "-p icmp -s 10.0.0.1 -d 10.0.0.3 --icmp-type 8 --icmp-code 0 --icmp-id 500 -t 1000",
    "-p 99 -s 10.0.0.1 -d 10.0.0.3 -t 1000",
    "-p tcp -s fd00::1 -d fd00::2 --sport 1 --dport 2 --state ESTABLISHED -t 1000 -u SEEN_REPLY,ASSURED",
    "-p udp -s fd00::1 -d fd00:0:0:1::9 -n fd00::ffff:0:77 --sport 1 --dport 2 -t 1000 -w 5",
    "-p udp -s ::1 -d ::ffff:10.0.0.9 -g 64:ff9b::a00:9 --sport 1 --dport 2 -t 1000 -m 9",
    "-p icmpv6 -s fd00::1 -d fe80::1 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 500 -t 1000",
    "-p 99 -s fd00::1 -d fd00::3 -t 1000",
)
CLIENT = IPv4("10.0.1.2", "10.0.2.2")
CLIENT6 = IPv6("2001:db8:1::2", "2001:db8:0:0:2::2")
ETHERTYPES = {4: 0x0800, 6: 0x86DD}


def packets() -> Iterator[bytes]:
    """Flows of every protocol, in many states."""
    yield from _of(CLIENT, 0)
    server = CLIENT.back
    yield CLIENT.tcp(3, 21, "S", 10)
    yield server.tcp(21, 3, "SA", 50, 11)
    yield CLIENT.tcp(3, 21, "A", 11, 51)
    yield server.tcp(21, 3, "PA", 51, 11, data=b"220 a\r\n")
    yield CLIENT.tcp(3, 21, "PA", 11, 58, data=b"USER a\r\n")
    yield server.tcp(21, 3, "PA", 58, 19, data=b"227 Entering Passive Mode (10,0,2,2,20,20)\r\n")
    yield CLIENT.tcp(4, 5140, "S", 10)
    yield server.tcp(21, 3, "PA", 102, 19, data=b"227 Entering Passive Mode (10,0,2,2,20,21)\r\n")
    yield from _of(CLIENT6, 129)


def _of(client: IPv4 | IPv6, echo_reply: int) -> Iterator[bytes]:
    """Flows of an address family."""
    server = client.back
    for port in range(5000, 5006):
        yield client.udp(1000, port, b"hello")
    yield server.udp(5000, 1000, b"answer")
    yield client.echo(7)
    yield server.echo(7, kind=echo_reply)
    yield client.packet(50, b"x")
    yield client.tcp(1, 80, "S", 10)
    yield server.tcp(80, 1, "SA", 50, 11)
    yield client.tcp(1, 80, "A", 11, 51)
    yield client.tcp(1, 80, "FA", 11, 51)
    yield client.tcp(2, 80, "S", 10)
    yield server.tcp(80, 2, "RA", 0, 11)


def conntrack_command(*options: str) -> tuple[str, ...]:
    """The command that runs conntrack with ``LABELS`` as its label file, in a mount namespace of its own."""
    labels = 'mount -t tmpfs none /etc && mkdir /etc/xtables && printf %s "$0" >/etc/xtables/connlabel.conf'
    return ("unshare", "-m", "sh", "-c", f'{labels} && exec conntrack "$@"', LABELS, *options)


class Scene:
    """A namespace of the kernel with flows in it, and an empty one of ctcore to print them with."""

    def __init__(self, space: Namespace, net: Net) -> None:
        self.space = space
        self.net = net
        with space.entered():
            self.netlink = Netfilter()

    def make_flows(self, sent: Iterable[bytes] | None = None, created: Iterable[str] = CREATED) -> None:
        """Send packets, those of ``packets`` where none are given, and create the rest by hand."""
        for packet in packets() if sent is None else sent:
            os.write(self.space.inner, struct.pack("!HH", 0, ETHERTYPES[packet[0] >> 4]) + packet)
        for options in created:
            made = self.space.run("conntrack", "-I", *options.split())
            assert made.returncode == 0, made.stderr

    def dump(self, kind: int = CT_GET) -> list[Message]:
        """What the kernel tells of its flows, expectations or counters, whatever their address family."""
        return self.netlink.request(kind, flags=DUMP)

    def conntrack(self, *options: str) -> list[str]:
        """The lines that conntrack prints."""
        done = self.space.run(*conntrack_command(*options))
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def proc(self, name: str) -> list[str]:
        """The lines of a file in /proc/net."""
        with self.space.entered(), open(f"/proc/thread-self/net/{name}", encoding="ascii") as file:
            return file.read().splitlines()

    def ours(self, line: Callable[[Loader, Message], str], kind: int = CT_GET) -> list[str]:
        """What ctcore prints for each message of a dump, now."""
        loader = Loader(self.net, time.time_ns())
        return [line(loader, message) for message in self.dump(kind)]


@contextlib.contextmanager
def opened(net: Net) -> Iterator[Scene]:
    """A router with the rules."""
    with Namespace(SYSCTLS) as space:
        loaded = space.run("nft", "-f", "-", text=RULES)
        assert loaded.returncode == 0, loaded.stderr
        scene = Scene(space, net)
        try:
            yield scene
        finally:
            scene.netlink.close()


class Listener:
    """Hears the events of a scene, as netlink messages and as ``conntrack -E`` prints them with options."""

    def __init__(self, scene: Scene, options: Sequence[tuple[str, ...]]) -> None:
        with scene.space.entered():
            self.netlink = Netfilter(*EVENT_GROUPS)
            self.programs = [
                subprocess.Popen(conntrack_command("-E", *some), stdout=subprocess.PIPE) for some in options
            ]
            _wait(lambda: len(list(_listeners())) > len(options), "conntrack does not listen")

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.netlink.close()
        for program in self.programs:
            program.kill()
            program.wait()

    def stop(self) -> tuple[list[Message], list[list[str]]]:
        """The messages until now, and the lines that each program printed of them."""
        messages = list(self.netlink.heard())
        return messages, [_printed(program, len(messages)) for program in self.programs]


def _printed(program: subprocess.Popen[bytes], events: int) -> list[str]:
    """The lines of a program that is interrupted when it has told of so many events, and waits for more."""
    assert program.stdout is not None
    data = b""
    while len(EVENT_LINE.findall(data)) < events:
        ready, _, _ = select.select([program.stdout], [], [], PATIENCE)
        assert ready, f"conntrack told of fewer events than {events}"
        more = os.read(program.stdout.fileno(), 1 << 16)
        assert more, f"conntrack ended before it told of {events} events"
        data += more
    # Interrupted while it writes a line it would write that line twice.
    _wait(lambda: _sleeps(program.pid), "conntrack does not wait for events")
    program.send_signal(signal.SIGINT)
    rest, _ = program.communicate(timeout=PATIENCE)
    return (data + rest).decode().splitlines()


def _sleeps(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "S"


def _wait(condition: Callable[[], bool], otherwise: str) -> None:
    """Wait until a condition holds, as long as a busy machine may need."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.01)


def _listeners() -> Iterator[int]:
    """For each netlink socket of the namespace that listens to those groups, the bytes that wait to be read."""
    groups = sum(1 << group - 1 for group in EVENT_GROUPS)
    table = Path("/proc/thread-self/net/netlink").read_text(encoding="ascii").splitlines()
    for _, protocol, _, mask, unread, *_ in map(str.split, table[1:]):
        if int(protocol) == NETLINK_NETFILTER and int(mask, 16) & groups == groups:
            yield int(unread)
