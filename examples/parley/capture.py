"""Writes a small capture of a PARLEY conversation to standard output: two hosts talk, and meet on port 6000."""

from __future__ import annotations

import sys

from ctcore.testing.captures import write_pcap
from ctcore.testing.engine import START
from ctcore.testing.flows import TcpFlow
from ctcore.testing.packets import IPv4

HOSTS = IPv4("192.0.2.1", "192.0.2.2")

sent: list[bytes] = []
talk = TcpFlow(sent.append, HOSTS, 40000, 1666)
talk.reply(b"HELLO\r\n")
talk.reply(b"MEET TCP 6000\r\n")
TcpFlow(sent.append, HOSTS, 50000, 6000).open()
write_pcap(sys.stdout.buffer, ((START + number * 1_000_000_000, packet) for number, packet in enumerate(sent)))
