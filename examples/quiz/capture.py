"""Writes a small capture of QUIZ packets to standard output."""

from __future__ import annotations

import sys

from ctcore.testing.captures import write_pcap
from ctcore.testing.packets import IPv4

from ctcore_quiz import ANSWER, GOODBYE, IPPROTO_QUIZ, QUESTION, QUIZ

HOSTS = IPv4("192.0.2.1", "192.0.2.2")
WORDS = [(QUESTION, True), (ANSWER, False), (QUESTION, True), (QUESTION, False), (GOODBYE, True), (ANSWER, False)]

packets = []
for second, (kind, there) in enumerate(WORDS):
    source, dest = (1000, 7) if there else (7, 1000)
    header = QUIZ.build(source=source, dest=dest, kind=kind, score=0)
    packet = (HOSTS if there else HOSTS.back).packet(IPPROTO_QUIZ, header)
    packets.append(((1_700_000_000 + second) * 1_000_000_000, packet))
write_pcap(sys.stdout.buffer, packets)
