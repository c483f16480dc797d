"""The fuzzer's parts, without the kernel: what is made of a seed, how a difference is shrunk and shown."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest

from ctcore.testing.packets import IPv4, IPv6, extension
from ctcore.verify.compare import Comparison, Difference
from ctcore.verify.decode import query
from ctcore.verify.fuzz import fragment
from ctcore.verify.fuzz.ip6 import V6, mended, summed
from ctcore.verify.fuzz.plain import plainer
from ctcore.verify.fuzz.profiles import EVERY, packets_of
from ctcore.verify.fuzz.run import Outcome, Rounds
from ctcore.verify.fuzz.settings import CHOICES, settings
from ctcore.verify.fuzz.show import decoded
from ctcore.verify.fuzz.shrink import shrink

IP = IPv4("10.0.1.2", "10.0.2.2")
IP6 = IPv6("2001:db8:1::2", "2001:db8:2::2")


def profiles() -> Iterator[object]:
    """Every profile; the checksum of SCTP's packets comes with its plugin."""
    for profile in EVERY:
        yield pytest.param(profile, marks=pytest.mark.plugins("sctp") if profile.startswith("sctp") else ())


@pytest.mark.parametrize("profile", [*profiles()])
def test_the_same_seed_makes_the_same_packets(profile: str) -> None:
    first = packets_of(profile, 7, 3, 200)
    assert first == packets_of(profile, 7, 3, 200)
    assert len(first) == 200
    assert first != packets_of(profile, 8, 3, 200)
    assert first != packets_of(profile, 7, 4, 200)


def test_settings_vary_from_round_to_round() -> None:
    drawn = [settings(7, number) for number in range(100)]
    assert drawn == [settings(7, number) for number in range(100)]
    assert {name for one in drawn for name in one} == set(CHOICES)
    assert {} in drawn


@pytest.mark.parametrize("seed", range(20))
def test_fragments_put_together_are_the_packet(seed: int) -> None:
    rng = Random(seed)
    packet = IP.packet(99, rng.randbytes(rng.randint(1, 200)))
    places = sorted({0, *(rng.randrange(0, len(packet) - 20) // 8 * 8 for _ in range(4))})
    pieces = fragment.cut(packet, places, 77)
    assert b"".join(piece[20:] for piece in pieces) == packet[20:]
    assert [piece[6] >> 5 & 1 for piece in pieces] == [1] * (len(places) - 1) + [0]


@pytest.mark.parametrize("seed", range(20))
def test_fragments_of_ipv6_put_together_are_the_packet(seed: int) -> None:
    """Those of a chain of extension headers repeat it, with a fragment header more."""
    rng = Random(seed)
    packet = V6.prepared(rng, IP6.packet(99, rng.randbytes(rng.randint(1, 200))))
    header = V6.header_length(packet)
    places = sorted({0, *(rng.randrange(0, len(packet) - header) // 8 * 8 for _ in range(4))})
    pieces = fragment.cut(packet, places, 77, V6)
    assert b"".join(piece[header + 8 :] for piece in pieces) == packet[header:]
    assert [piece[header + 3] & 1 for piece in pieces] == [1] * (len(places) - 1) + [0]


class Pretended(Rounds):
    """A difference wherever one of ``guilty`` comes after the other."""

    def __init__(self, *guilty: bytes) -> None:
        self.guilty = guilty
        self.sysctls = {}

    def run(self, packets: Sequence[bytes]) -> Outcome:
        """Only the order of the guilty ones matters."""
        ports = [packet[20:24] for packet in packets]
        wanted = [packet[20:24] for packet in self.guilty]
        found = all(one in ports for one in wanted) and [ports.index(one) for one in wanted]
        outcome = Outcome(Comparison())
        if found and found == sorted(found):
            outcome.comparison.differences.append(Difference(found[-1] + 1, "state", 1, 2))
        return outcome


def test_shrinking_leaves_what_is_needed() -> None:
    rng = Random(1)
    packets = [IP.udp(port, 53, rng.randbytes(100)) for port in range(1, 101)]
    few = shrink(Pretended(packets[17], packets[80]), packets)
    assert few == [IP.udp(18, 53, few[0][28:]), IP.udp(81, 53, few[1][28:])]
    assert all(len(packet) < 70 for packet in few)


def test_what_does_not_come_again_is_not_shrunk() -> None:
    packets = [IP.udp(port, 53) for port in range(1, 11)]
    assert shrink(Pretended(packets[5], packets[2]), packets) == packets


def test_plainer_packets_are_right_ones() -> None:
    options = b"\x02\x04\x05\xb4\x01\x01\x04\x02"
    packet = IPv4("10.0.1.2", "10.0.2.2", tos=3, ident=99, ttl=7, options=b"\x94\x04\0\0").tcp(
        1000, 80, "SA", 5, 9, window=77, options=options, data=b"hello"
    )
    for step in plainer(packet):
        packet = step(packet)
    assert packet == IP.tcp(1000, 80, "SA", 0, 0)


def test_plainer_packets_of_ipv6_are_right_ones() -> None:
    ip = replace(IP6, traffic_class=3, flow_label=9, hop_limit=7, extensions=(extension(0), extension(60, bytes(20))))
    packet = ip.udp(1000, 80, b"hello" * 20)
    for step in plainer(packet):
        packet = step(packet)
        assert summed(mended(packet)) == packet
    assert packet == replace(IP6).udp(1000, 80, packet[48:])
    assert len(packet) < 60
    wrong = ip.udp(1000, 80, b"hello", check=1)
    assert [step(wrong) for step in plainer(wrong)] == [wrong] * len(list(plainer(wrong)))


def test_what_is_wrong_on_purpose_stays_wrong() -> None:
    packet = IP.tcp(1000, 80, "S", 5, check=1)
    assert [step(packet) for step in plainer(packet)] == [packet] * len(list(plainer(packet)))


def test_a_packet_in_one_line() -> None:
    assert decoded(IP.tcp(1000, 80, "SA", 5, 9, data=b"x")) == (
        "10.0.1.2 > 10.0.2.2 proto 6 length 41/41 ihl 20, TCP 1000 > 80 [SA] seq 5 ack 9 win 65535, header 20 "
        "options , 1 bytes"
    )
    assert "offset 16 mf 1 df 0" in decoded(IP.fragment(17, bytes(8), 16, more=True))
    assert decoded(b"E") == "1 bytes"
    assert decoded(replace(IP6, extensions=(extension(60),)).udp(1, 2, check=7)) == (
        "2001:db8:1::2 > 2001:db8:2::2 proto 17 payload 16/16 hop limit 64, from 60 on 1100000000000000, "
        "UDP 1 > 2 length 8 check 0007"
    )


@pytest.mark.parametrize("first", [0x45, 0x65, 0x05, 0xF5])
def test_the_flow_of_a_quoted_packet_does_not_depend_on_its_version(first: int) -> None:
    inner = bytes([first]) + IP.packet(96, b"1234567")[1:]
    error = IP.back.icmp_error(3, 1, inner)
    asked = query(error, related=True)
    assert asked == query(IP.packet(96), related=False)
    assert asked is not None
    assert asked[0] == socket.AF_INET
