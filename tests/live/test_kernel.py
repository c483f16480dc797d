"""The kernel's side alone: what the running kernel says of packets whose fate is known."""

from __future__ import annotations

import gc
import os
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from ctcore.errors import CtcoreError, SysctlError
from ctcore.verify.kernel import Kernel
from ctcore.verify.namespace import Namespace

pytestmark = pytest.mark.kernel

CLIENT, SERVER = "192.0.2.1", "198.51.100.7"
FIN, SYN, RST, ACK = 1, 2, 4, 16
MORE_FRAGMENTS = 0x2000


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(payload: bytes, number: int, src: str = CLIENT, dst: str = SERVER, fragment: int = 0, ttl: int = 64) -> bytes:
    """An IPv4 packet with a right header checksum; ``fragment`` is its flags and offset field."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, fragment, ttl, number, 0)
    head += socket.inet_aton(src) + socket.inet_aton(dst)
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + payload


def tcp(flags: int, seq: int, ack: int = 0, reply: bool = False, spoil: int = 0) -> bytes:
    """A TCP segment between the client's port 1000 and the server's 80; ``spoil`` upsets its checksum."""
    src, dst = (SERVER, CLIENT) if reply else (CLIENT, SERVER)
    ports = (80, 1000) if reply else (1000, 80)
    segment = struct.pack("!HHIIBBHHH", *ports, seq, ack, 0x50, flags, 1000, 0, 0)
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!HH", 6, len(segment))
    right = checksum(pseudo + segment) ^ spoil
    return ipv4(segment[:16] + right.to_bytes(2, "big") + segment[18:], 6, src, dst)


def udp(dst: str = SERVER, src: str = CLIENT, **header: int) -> bytes:
    """A UDP datagram of 16 bytes from port 1000 to port 53, without a checksum."""
    return ipv4(struct.pack("!HHHH", 1000, 53, 24, 0) + bytes(16), 17, src, dst, **header)


def said(answer: dict[str, Any]) -> tuple[str, str | None, str]:
    """The three words on a packet: ctinfo, direction, verdict."""
    return answer["ctinfo"], answer["direction"], answer["verdict"]


def test_a_connection_is_followed_from_packet_to_packet() -> None:
    with Kernel() as kernel:
        first = kernel.replay(tcp(SYN, 10))
        second = kernel.replay(tcp(SYN | ACK, 50, 11, reply=True))
        third = kernel.replay(tcp(ACK, 11, 51))
        table, listed, lines = kernel.dump(), kernel.conntrack_list(), kernel.proc()
    assert [said(answer) for answer in (first, second, third)] == [
        ("new", "original", "accept"),
        ("established", "reply", "accept"),
        ("established", "original", "accept"),
    ]
    assert [answer["entry"]["state"] for answer in (first, second, third)] == [
        "SYN_SENT",
        "SYN_RECV",
        "ESTABLISHED",
    ]
    assert [answer["frame"] for answer in (first, second, third)] == [1, 2, 3]
    assert [[event["type"] for event in answer["events"]] for answer in (first, second, third)] == [
        ["NEW"],
        ["UPDATE"],
        ["UPDATE"],
    ]
    assert third["entry"]["status"] == ["SEEN_REPLY", "ASSURED", "CONFIRMED"]
    assert third["entry"]["original"] == {
        "src": CLIENT,
        "dst": SERVER,
        "sport": 1000,
        "dport": 80,
        "packets": 2,
        "bytes": 80,
    }
    assert third["entry"]["tcp"]["wscale"] == [0, 0]
    assert [entry["id"] for entry in table] == [third["entry"]["id"]]
    assert lines[0].startswith("ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.1")
    assert listed is None or listed[0].startswith("tcp      6 431999 ESTABLISHED src=192.0.2.1")


def test_a_reset_as_the_only_answer_ends_the_entry() -> None:
    with Kernel() as kernel:
        kernel.replay(tcp(SYN, 10))
        answer = kernel.replay(tcp(RST | ACK, 0, 11, reply=True))
        assert kernel.dump() == []
    assert said(answer) == ("established", "reply", "accept")
    assert answer["entry"] is None
    assert [event["type"] for event in answer["events"]] == ["DESTROY"]
    assert answer["events"][0]["state"] == "CLOSE"


def test_the_reason_for_invalid_is_the_kernels_own() -> None:
    with Kernel() as kernel:
        kernel.replay(tcp(SYN, 10))
        answer = kernel.replay(tcp(ACK, 11, spoil=1))
        assert kernel.stats()["invalid"] == 1
    assert said(answer) == ("invalid", None, "accept")
    assert answer["reasons"] == ["nf_ct_proto_6: bad checksum"]
    assert answer["entry"]["original"]["packets"] == 1


def test_sysctls_reach_the_kernel() -> None:
    with Kernel({"nf_conntrack_checksum": 0, "nf_conntrack_tcp_timeout_syn_sent": 7}) as kernel:
        answer = kernel.replay(tcp(SYN, 10, spoil=1))
    assert answer["ctinfo"] == "new"
    assert answer["entry"]["timeout"] in (6, 7)


def test_fragments_wait_and_are_tracked_together() -> None:
    whole = udp()[20:]
    with Kernel() as kernel:
        first = kernel.replay(ipv4(whole[:16], 17, fragment=MORE_FRAGMENTS))
        last = kernel.replay(ipv4(whole[16:], 17, fragment=2))
    assert said(first) == ("none", None, "stolen")
    assert first["entry"] is None
    assert said(last) == ("new", "original", "accept")
    assert last["entry"]["original"]["bytes"] == 44


def test_an_icmp_error_shows_the_flow_that_it_is_about() -> None:
    with Kernel() as kernel:
        kernel.replay(udp())
        quoted = bytes((3, 3)) + bytes(6) + udp()[:28]
        error = ipv4(quoted[:2] + checksum(quoted).to_bytes(2, "big") + quoted[4:], 1, SERVER, CLIENT)
        answer = kernel.replay(error)
    assert said(answer) == ("related", "reply", "accept")
    assert answer["entry"]["l4"] == "udp"
    assert answer["entry"]["reply"]["packets"] == 0


@pytest.mark.parametrize(
    ("src", "dst", "ttl"),
    [
        ("0.0.0.0", "224.0.0.251", 1),
        ("0.0.0.0", "255.255.255.255", 1),
        (CLIENT, "224.0.0.251", 1),
        (CLIENT, "127.0.0.1", 2),
        (CLIENT, "240.0.0.1", 2),
        ("127.0.0.1", "127.0.0.1", 2),
        ("0.0.0.0", "0.0.0.0", 1),
    ],
)
def test_packets_that_no_router_forwards_are_tracked_all_the_same(src: str, dst: str, ttl: int) -> None:
    with Kernel() as kernel:
        answer = kernel.replay(udp(dst, src=src, ttl=ttl))
    assert said(answer) == ("new", "original", "accept")
    assert answer["entry"]["original"]["dst"] == dst


@pytest.mark.parametrize(
    ("src", "dst", "ttl"),
    [
        (CLIENT, SERVER, 1),
        ("0.0.0.0", SERVER, 64),
        ("224.0.0.1", SERVER, 64),
        ("239.1.1.1", "224.0.0.1", 64),
        ("255.255.255.255", SERVER, 64),
        (CLIENT, "0.0.0.0", 64),
    ],
)
def test_martians_and_a_ttl_at_its_end_are_dropped_unconfirmed(src: str, dst: str, ttl: int) -> None:
    with Kernel() as kernel:
        answer = kernel.replay(udp(dst, src=src, ttl=ttl))
        assert kernel.dump() == []
    assert said(answer) == ("new", "original", "drop")
    assert (answer["entry"], answer["events"]) == (None, [])


UNSEEN = {
    "nothing": b"",
    "one byte": b"\x45",
    "zeros": bytes(40),
    "cut": udp()[:19],
    "version 3": b"\x35" + udp()[1:],
    "bad checksum": udp()[:10] + b"\0\0" + udp()[12:],
}


@pytest.mark.parametrize("packet", UNSEEN.values(), ids=UNSEEN)
def test_what_the_kernel_throws_away_unseen_is_none(packet: bytes) -> None:
    with Kernel() as kernel:
        answer = kernel.replay(packet)
        assert said(answer) == ("none", None, "drop")
        assert (answer["entry"], answer["events"]) == (None, [])
        assert said(kernel.replay(udp())) == ("new", "original", "accept")


def surroundings() -> tuple[str, str, set[str], set[int], int]:
    """What a replay must leave as it was: namespace, forwarding, devices, processors, open files."""
    gc.collect()  # what earlier tests left open is closed now, not in between
    forward = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    devices = {name for _, name in socket.if_nameindex()}
    home = os.readlink("/proc/thread-self/ns/net")
    return home, forward, devices, os.sched_getaffinity(0), len(os.listdir("/proc/self/fd"))


def interrupted_replay() -> None:
    with Kernel() as kernel:
        kernel.replay(udp())
        raise KeyboardInterrupt


def test_the_machines_own_network_is_left_alone() -> None:
    before = surroundings()
    with Kernel() as kernel:
        kernel.replay(udp())
        kernel.proc()
        assert surroundings()[:3] == before[:3]
    assert surroundings() == before


def test_an_interrupted_replay_leaves_nothing_behind() -> None:
    before = surroundings()
    with pytest.raises(KeyboardInterrupt):
        interrupted_replay()
    assert surroundings() == before


def test_a_closed_namespace_is_never_mistaken_for_the_machine() -> None:
    with Namespace() as namespace:
        pass
    with pytest.raises(CtcoreError, match="not open"):
        namespace.set_sysctl("nf_conntrack_acct", 1)
    with pytest.raises(CtcoreError, match="not open"):
        namespace.run("true")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("nf_conntrack_bogus", 1, "this kernel has no sysctl nf_conntrack_bogus"),
        ("nf_conntrack_tcp_loose", 7, "sysctl nf_conntrack_tcp_loose does not take the value 7"),
        ("nf_conntrack_max", 7, "sysctl nf_conntrack_max belongs to the whole machine"),
        ("kernel.hostname", "x", "sysctl kernel.hostname does not belong to a network namespace"),
        ("net.../kernel.hostname", "x", "does not belong to a network namespace|has no sysctl"),
    ],
)
def test_a_sysctl_that_cannot_be_set_is_named(name: str, value: int | str, message: str) -> None:
    with pytest.raises(SysctlError, match=message):
        Kernel({name: value}).__enter__()


def test_without_root_one_sentence_says_so() -> None:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setuid(65534)
            Kernel().__enter__()
        except CtcoreError as error:
            status = 0 if "needs root" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("missing", ["nft"])
def test_a_missing_program_is_named(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CtcoreError, match=f"needs the program {missing}"):
        Kernel().__enter__()
