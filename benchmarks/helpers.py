"""What a helper costs: control connections of FTP with and without it, and flows that have none.

``python benchmarks/helpers.py [CONNECTIONS]`` makes two captures of the same packets, to port 21 and to port 80, in a
temporary folder, replays each with and without ``--helper ftp``, several times in turn, and prints packets a second of
processor time, the best of each. ``taskset -c 1`` keeps it on one processor; ``CTCORE_PURE=1`` asks for plain Python.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ctcore import Conntrack
from ctcore.sources import open_capture
from ctcore.testing.flows import TcpFlow
from ctcore.testing.packets import IPv4

CONNECTIONS: Final = 3000
COMMANDS: Final = 20
ROUNDS: Final = 10
LINKTYPE_RAW: Final = 101
START: Final = 1_700_000_000  # seconds since the epoch; a packet comes every 20 microseconds
PACE: Final = 20

# What clients say and servers answer; every tenth command announces a data connection.
SMALL_TALK: Final = (
    (b"TYPE I\r\n", b"200 Switching to Binary mode.\r\n"),
    (b"CWD pub/lab\r\n", b"250 Directory successfully changed.\r\n"),
    (b"SIZE file.tar.gz\r\n", b"213 184320\r\n"),
    (b"NOOP\r\n", b"200 NOOP ok.\r\n"),
)


def conversation(number: int, port: int) -> Iterator[bytes]:
    """The packets of one control connection."""
    hosts = IPv4(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", "192.0.2.21")
    sent: list[bytes] = []
    flow = TcpFlow(sent.append, hosts, 40000 + number % 20000, port)
    flow.open()
    flow.reply(b"220 lab\r\n")
    flow.ack()
    for turn in range(COMMANDS):
        if turn % 10 == 9:
            flow.send(b"PASV\r\n")
            flow.reply(b"227 Entering Passive Mode (192,0,2,21,%d,%d).\r\n" % (100 + turn, number & 255))
        else:
            command, answer = SMALL_TALK[turn % len(SMALL_TALK)]
            flow.send(command)
            flow.reply(answer)
        flow.ack()
    flow.close()
    return iter(sent)


def make(path: Path, connections: int, port: int) -> int:
    """Write a capture in which connections to a port talk in turn; returns how many packets it has."""
    together = zip(*(conversation(number, port) for number in range(connections)), strict=True)
    count = 0
    with path.open("wb") as file:
        file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, LINKTYPE_RAW))
        for packet in (packet for turn in together for packet in turn):
            seconds, micros = divmod(count * PACE, 1_000_000)
            file.write(struct.pack("=IIII", START + seconds, micros, len(packet), len(packet)) + packet)
            count += 1
    return count


def replay(path: Path, helpers: tuple[str, ...]) -> tuple[float, int]:
    """Seconds of processor time of one replay, and how many flows were announced."""
    tracker = Conntrack(listen=False, helpers=helpers)
    with open_capture(str(path)) as capture:
        begin = time.process_time()
        tracker.replay(capture)
        return time.process_time() - begin, tracker.net.stat.expect_create


def main() -> None:
    """Measure, and print a row for each case."""
    connections = int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS
    with tempfile.TemporaryDirectory() as folder:
        ftp, web = Path(folder, "ftp.pcap"), Path(folder, "web.pcap")
        packets = make(ftp, connections, 21)
        make(web, connections, 80)
        cases = {
            "port 21, with the helper": (ftp, ("ftp",)),
            "port 21, without": (ftp, ()),
            "port 80, the helper is for port 21": (web, ("ftp",)),
            "port 80, no helper at all": (web, ()),
        }
        best = dict.fromkeys(cases, float("inf"))
        announced = dict.fromkeys(cases, 0)
        for _ in range(ROUNDS):
            for name, case in cases.items():
                seconds, announced[name] = replay(*case)
                best[name] = min(best[name], seconds)
    print(f"{packets} packets of {connections} connections, Python {sys.version.split()[0]}")
    print(f"{'flows to':36} {'packets/s':>10} {'announced':>10}")
    for name, seconds in best.items():
        print(f"{name:36} {packets / seconds:>10.0f} {announced[name]:>10}")


if __name__ == "__main__":
    main()
