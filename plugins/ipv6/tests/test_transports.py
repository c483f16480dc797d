"""TCP, UDP and protocols without a tracker over IPv6: the same flows as over IPv4, and none in common with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctcore.formats import proc, save, text
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.fixtures import Converse
from ctcore.testing.packets import extension
from ctcore.testing.tunnels import udplite

OTHER = 253  # a protocol for experiments: no plugin has it


def test_a_protocol_without_a_tracker(converse6: Converse) -> None:
    talk = converse6()
    assert talk.send(HOSTS.packet(OTHER, b"x")).state == "new"
    assert talk.send(HOSTS.back.packet(OTHER, b"xyz")).direction == "reply"
    assert (talk.timeout, talk.packets, talk.status) == (600, (1, 1), {"SEEN_REPLY", "CONFIRMED"})
    assert (talk.flow["original"]["bytes"], talk.flow["reply"]["bytes"]) == (41, 43)


@pytest.mark.plugins("tcp")
def test_a_tcp_connection(converse6: Converse) -> None:
    talk = converse6()
    states = []
    for script in ("> S 100 0", "< SA 500 101", "> A 101 501", "> FA 101 501", "< FA 501 102", "> A 102 502"):
        talk.tcp(script)
        states.append(talk.state)
    assert states == ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "LAST_ACK", "TIME_WAIT"]
    assert (talk.flow["l3"], talk.flow["original"]["bytes"]) == ("ipv6", 4 * 60)
    line = "tcp      6 120 TIME_WAIT src=2001:db8:1::2 dst=2001:db8:2::2 sport=40000 dport=80 packets=4 bytes=240"
    assert text.flow_line(talk.entry, talk.now).startswith(line)
    assert proc.flow_line(talk.entry, talk.now).startswith("ipv6     10 tcp      6 120 TIME_WAIT src=2001:0db8:0001:")
    saved = "-s 2001:db8:1::2 -d 2001:db8:2::2 -r 2001:db8:2::2 -q 2001:db8:1::2 -p tcp --sport 40000 --dport 80"
    assert saved in save.flow_line(talk.entry, talk.now)


@pytest.mark.plugins("tcp")
def test_the_checksum_of_tcp(converse6: Converse) -> None:
    talk = converse6()
    wrong = talk.client.tcp("S", check=1)
    assert (wrong.state, wrong.reasons) == ("invalid", ["nf_ct_proto_6: bad checksum"])
    assert converse6(nf_conntrack_checksum=0).client.tcp("S", check=1).state == "new"


@pytest.mark.plugins("udp")
def test_a_udp_stream(converse6: Converse) -> None:
    talk = converse6()
    talk.client.udp(b"tick")
    talk.server.udp(b"tock")
    talk.wait(2.5)
    talk.client.udp(b"tick")
    assert (talk.timeout, talk.packets, "ASSURED" in talk.status) == (120, (2, 1), True)


@pytest.mark.plugins("udp")
def test_udp_without_a_checksum(converse6: Converse) -> None:
    """RFC 8200 forbids it, and the kernel lets it be."""
    assert converse6().client.udp(b"x", check=0).state == "new"
    assert converse6().client.udp(b"x", check=1).reasons == ["nf_ct_proto_17: bad checksum"]


@pytest.mark.plugins("udp")
def test_fragments_of_a_datagram_are_one_packet(converse6: Converse) -> None:
    talk = converse6()
    part = HOSTS.udp(40000, 80, bytes(100))[40:]
    first, middle, last = HOSTS.fragments(17, part, [40, 80])
    assert [talk.send(packet).state for packet in (last, first, middle)] == ["none", "none", "new"]
    assert (talk.packets, talk.flow["original"]["bytes"]) == ((1, 0), 40 + 108)


@pytest.mark.plugins("udplite")
@pytest.mark.parametrize("coverage", [0, 8, 9, 12, 13])
def test_udplite_with_a_checksum_over_a_part(coverage: int, converse6: Converse) -> None:
    packet = udplite(HOSTS, 1, 2, b"hello", coverage=coverage)
    assert converse6().send(packet).state == "new"
    changed = packet[:-1] + b"x"
    assert (converse6().send(changed).state == "new") == (0 < coverage < 13)


@pytest.mark.plugins("udplite")
@pytest.mark.parametrize("extensions", [(), (extension(60, bytes(10)),)], ids=["plain", "with options"])
@pytest.mark.parametrize("size", [0, 1, 100, 247, 248, 300, 1400])
def test_the_pseudo_header_of_udplite(
    size: int, extensions: tuple[tuple[int, bytes], ...], converse6: Converse
) -> None:
    """UDP's number as over IPv4, and the whole length; what is right by RFC 3828 is refused."""
    ip = replace(HOSTS, extensions=extensions)
    assert converse6().send(udplite(ip, 1, 2, bytes(size), coverage=8)).state == "new"
    right = udplite(ip, 1, 2, bytes(size), coverage=8, rfc=True)
    assert converse6().send(right).reasons == ["nf_ct_proto_136: bad checksum"]
    assert converse6(nf_conntrack_checksum=0).send(right).state == "new"


@pytest.mark.plugins("udplite")
def test_fragments_of_udplite(converse6: Converse) -> None:
    """The checksum is that of the whole datagram, and what it covers may begin in one fragment and end in the next."""
    part = udplite(HOSTS, 1, 2, bytes(range(100)), coverage=50)[40:]
    for wrong, state in ((part, "new"), (part[:45] + b"x" + part[46:], "invalid"), (part[:-1] + b"x", "new")):
        talk = converse6()
        assert [talk.send(packet).state for packet in HOSTS.fragments(136, wrong, [40])] == ["none", state]


@pytest.mark.plugins("icmp")
def test_icmp_is_not_for_ipv6(converse6: Converse) -> None:
    """It is seen by its tracker, which does not want it: ``invalid``, not ``error``."""
    talk = converse6()
    result = talk.send(HOSTS.packet(1, bytes((8, 0)) + bytes(6)))
    assert (result.state, talk.count("invalid"), talk.count("error")) == ("invalid", 1, 0)


@pytest.mark.plugins("ipv4", "udp")
def test_flows_of_both_families_in_one_table(converse6: Converse) -> None:
    from ctcore.testing.conversation import IPV4

    talk = converse6()
    talk.client.udp(b"x")
    assert talk.send(IPV4.udp(40000, 80)).state == "new"
    assert [ct.l3.name for ct in talk.entries] == ["ipv6", "ipv4"]
