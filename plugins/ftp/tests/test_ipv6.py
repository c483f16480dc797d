"""FTP over IPv6 (RFC 2428): what EPRT and EPSV announce, packet by packet; the old commands announce nothing."""

from __future__ import annotations

import pytest

from ctcore import Registry, Verdict
from ctcore.testing.conversation import IPV6 as HOSTS
from ctcore.testing.engine import Engine
from ctcore.testing.flows import TcpFlow

pytestmark = pytest.mark.plugins("ipv6", "tcp", "ftp")

CLIENT, SERVER = HOSTS.addresses[:16], HOSTS.addresses[16:]
EPRT = b"EPRT |2|2001:db8:1::2|1234|\r\n"
EPSV = b"229 Entering Extended Passive Mode (|||1234|)\r\n"
ELSEWHERE = b"EPRT |2|2001:db8:9::9|1234|\r\n"
PARTIAL = "nf_ct_ftp: dropping packet: partial matching of `EPRT'"


class Ftp(Engine):
    """A control connection on which both sides have said a line, so that what comes next is read."""

    def __init__(self, registry: Registry, **sysctls: int) -> None:
        super().__init__(registry, {f"nf_conntrack_ftp.{name}": value for name, value in sysctls.items()}, ["ftp"])
        self.control: TcpFlow = self.tcp_flow(21, HOSTS)
        self.control.reply(b"220 hello\r\n")
        self.control.send(b"USER me\r\n")

    @property
    def expected(self) -> list[tuple[bytes, bytes, int]]:
        """What is expected: source, destination and destination port."""
        tuples = [exp.tuple for exp in self.net.expectations]
        return [(t.src, t.dst, int.from_bytes(t.dst_u, "big")) for t in tuples]


@pytest.fixture
def ftp(registry: Registry) -> Ftp:
    return Ftp(registry)


def test_active(ftp: Ftp) -> None:
    assert [event["type"] for event in ftp.control.send(EPRT).events] == ["EXP_NEW"]
    assert ftp.expected == [(SERVER, CLIENT, 1234)]
    data = ftp.send(HOSTS.back.tcp(20, 1234, "S"))
    assert (data.state, data.direction, ftp.expected) == ("related", "original", [])
    assert data.entry is not None
    assert data.entry.master is not None
    assert data.entry.master.tuple(0).dst_u == b"\0\x15"


def test_passive(ftp: Ftp) -> None:
    ftp.control.reply(EPSV)
    assert ftp.expected == [(CLIENT, SERVER, 1234)]
    assert ftp.send(HOSTS.tcp(50000, 1234, "S")).state == "related"
    assert ftp.send(HOSTS.tcp(50001, 1234, "S")).state == "new", "one connection for an announcement"


def test_another_hosts_address_is_expected_by_loose_helpers_alone(registry: Registry) -> None:
    strict, loose = Ftp(registry), Ftp(registry, loose=1)
    assert strict.control.send(ELSEWHERE).verdict == loose.control.send(ELSEWHERE).verdict == Verdict.ACCEPT
    assert strict.expected == []
    assert loose.expected == [(SERVER, bytes.fromhex("20010db8 00090000 00000000 00000009"), 1234)]


def test_the_old_commands_announce_no_host_of_ipv6(ftp: Ftp) -> None:
    assert ftp.control.send(b"PORT 10,0,1,2,4,210\r\n").verdict == Verdict.ACCEPT
    assert ftp.control.reply(b"227 Entering Passive Mode (10,0,2,2,4,210)\r\n").verdict == Verdict.ACCEPT
    assert ftp.expected == []


@pytest.mark.parametrize("line", [EPRT[:14], b"EPRT |1|10.0.1.2|1234|\r\n"])
def test_half_a_line_is_dropped(ftp: Ftp, line: bytes) -> None:
    """One with the number of IPv4 counts as half a line too."""
    result = ftp.control.send(line)
    assert (result.verdict, result.reasons, ftp.expected) == (Verdict.DROP, [PARTIAL], [])
