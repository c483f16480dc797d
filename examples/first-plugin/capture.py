"""Writes a small capture of QUIZ packets to standard output."""

from __future__ import annotations

import struct
import sys

from ctcore_quiz import ANSWER, GOODBYE, IPPROTO_QUIZ, QUESTION, QUIZ

from ctcore.testing.packets import IPv4

LINKTYPE_RAW = 101
HOSTS = IPv4("192.0.2.1", "192.0.2.2")
WORDS = [(QUESTION, True), (ANSWER, False), (QUESTION, True), (QUESTION, False), (GOODBYE, True), (ANSWER, False)]

sys.stdout.buffer.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_RAW))
for second, (kind, there) in enumerate(WORDS):
    source, dest = (1000, 7) if there else (7, 1000)
    header = QUIZ.build(source=source, dest=dest, kind=kind, score=0)
    packet = (HOSTS if there else HOSTS.back).packet(IPPROTO_QUIZ, header)
    sys.stdout.buffer.write(struct.pack("=IIII", 1_700_000_000 + second, 0, len(packet), len(packet)) + packet)
