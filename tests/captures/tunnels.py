"""SCTP by usrsctp's programs, PPTP by pptp and pptpd, UDP-Lite by sockets."""

from __future__ import annotations

import pathlib
import socket
import sys
import tempfile
import time

from lab import ABSENT, SERVER, SERVER6, Network, Node, family_of, finish
from programs import PING
from scenario import scenario
from wire import lossy

USRSCTP = "/usr/lib/usrsctp/"
DAYTIME, NOBODY, BULK = "13", "4711", "5001"
UDPLITE = 136
UDPLITE_SEND_CSCOV = 10

# Stands in for pppd at both ends of the tunnel, where no kernel has to know PPP: it sends LCP echo requests as PPP
# frames in HDLC-like framing (RFC 1662), so many, and reads what comes.
PPP = r"""
import os, sys, threading, time

def crc(data):
    value = 0xffff
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return (value ^ 0xffff).to_bytes(2, "little")

def framed(data):
    escaped = (bytes((0x7d, byte ^ 0x20)) if byte < 0x20 or byte in (0x7d, 0x7e) else bytes((byte,)) for byte in data)
    return b"\x7e" + b"".join(escaped) + b"\x7e"

def drain():
    while os.read(0, 4096):
        pass

threading.Thread(target=drain, daemon=True).start()
for number in range(int(sys.argv[1])):
    packet = b"\xff\x03\xc0\x21\x09" + bytes((number, 0, 8)) + bytes(4)
    os.write(1, framed(packet + crc(packet)))
    time.sleep(0.2)
"""


def usrsctp(node: Node, program: str, *arguments: str) -> None:
    """Run one of usrsctp's example programs, which are the SCTP of their host, for two seconds."""
    process = node.start("timeout", "2", USRSCTP + program, *arguments)
    process.communicate(timeout=10)


def settle(node: Node, program: str, *arguments: str) -> None:
    """Start a server of usrsctp and wait until it must listen."""
    node.start("sh", "-c", f"exec {USRSCTP}{program} {' '.join(arguments)} >/dev/null 2>&1")
    time.sleep(0.5)


@scenario("sctp.pcap")
def sctp(net: Network) -> None:
    """SCTP by usrsctp: three questions for the time, with the association's beginning and end; one to a port that is
    silent, one to a host that is not there: INITs that come again.
    """
    settle(net.server, "daytime_server")
    for _ in range(3):
        usrsctp(net.client, "client", SERVER, DAYTIME)
    usrsctp(net.client, "client", SERVER, NOBODY)
    usrsctp(net.client, "client", ABSENT, DAYTIME)


@scenario("sctp-loss.pcap", middle="wire", handling=lambda: lossy(seed=11, loss=0.05, late=0.05, twice=0.05))
def sctp_loss(net: Network) -> None:
    """SCTP over a line that loses 5 %, delays 5 % and doubles 5 % of the frames: bundles, gaps, retransmissions,
    cookies that come twice.
    """
    settle(net.server, "tsctp", "-n", "15")
    for _ in range(3):
        usrsctp(net.client, "tsctp", "-n", "15", "-l", "600", SERVER)


@scenario("pptp.pcap")
def pptp(net: Network) -> None:
    """PPTP: two sessions of pptp with pptpd, a call each, PPP frames both ways in GRE, the call's end."""
    with tempfile.TemporaryDirectory() as folder:
        script, settings = pathlib.Path(folder, "ppp"), pathlib.Path(folder, "pptpd.conf")
        script.write_text(f"#!{sys.executable}\nimport sys\nsys.argv[1:] = ['12']\n{PPP}")
        script.chmod(0o755)
        settings.write_text(f"ppp {script}\nnoipparam\nconnections 4\nlisten {SERVER}\n")
        net.server.start("pptpd", "--fg", "--conf", str(settings), "--pidfile", str(settings.with_suffix(".pid")))
        net.server.await_port(SERVER, 1723)
        for _ in range(2):
            feeder = pathlib.Path(folder, "feeder.py")
            feeder.write_text(PPP)
            line = f"{sys.executable} {feeder} 12 | timeout 4 pptp {SERVER} --nolaunchpppd --nobuffer >/dev/null 2>&1"
            finish(net.client.start("sh", "-c", f"{line}; true"))
            time.sleep(0.5)


@scenario("udplite.pcap")
def udplite(net: Network) -> None:
    """A ping, and UDP-Lite by sockets: questions and answers whose checksums cover all, the header, and a part."""
    net.client.run(*PING, "-c", "1", "-e", "600", SERVER)
    talk_udplite(net, SERVER)


@scenario("udplite6.pcap", ipv6=True)
def udplite6(net: Network) -> None:
    """The same over IPv6."""
    net.client.run(*PING, "-c", "1", "-e", "600", SERVER6)
    talk_udplite(net, SERVER6)


def talk_udplite(net: Network, address: str) -> None:
    """Ask the server four questions."""
    with (
        net.client.socket(socket.SOCK_DGRAM, 42002, UDPLITE, family_of(address)) as client,
        net.server.socket(socket.SOCK_DGRAM, 7, UDPLITE, family_of(address)) as server,
    ):
        for covered in (0, 8, 12, 20):
            client.setsockopt(UDPLITE, UDPLITE_SEND_CSCOV, covered)
            client.sendto(b"\x5a" * 100, (address, 7))
            data, sender = server.recvfrom(1500)
            server.sendto(data, sender)
            client.recv(1500)
