"""``ctcore verify`` with plugins of one's own: which ones track, and what is said of one that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recorded.make import HELPED_HERE, HERE
from tests.test_cli import CAPTURES, run

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

DNS, TFTP = CAPTURES / "dns.pcap", CAPTURES / "tftp.pcap"
HELPER = """
from ctcore import Conn, ExpectPolicy, Packet, announce, expect, helper, udp_payload


class Mine:
    name = "tftp"
    l3num = 0
    l4num = 17
    port = 69
    policies = (ExpectPolicy(max_expected=1, timeout=300),)

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn) -> int:
        reply = ct.tuple(1)
        if udp_payload(pkt, protoff)[:2] not in REQUESTS:
            return 1
        return announce(pkt, expect(ct, reply.src, reply.dst, 17, None, int.from_bytes(reply.dst_u, "big")))


"""
FAILING = """
from ctcore import observer


class Failing:
    name = "failing"

    @observer
    def packet_seen(self) -> None:
        raise ValueError("oh no")
"""


@pytest.mark.plugins("tftp")
@pytest.mark.parametrize(("requests", "status"), [((b"\0\1", b"\0\2"), 0), ((b"\0\1",), 1)], ids=["right", "wrong"])
def test_a_helper_in_a_file_is_compared_with_the_kernels(requests: object, status: int, tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(f"{HELPER}REQUESTS = {requests!r}\n")
    done = run("verify", "--no-plugin", "tftp", "--plugin", mine, "--recorded", HELPED_HERE, TFTP)
    assert (done.status, done.err) == (status, "")
    assert ("no difference" in done.lines[0]) == (status == 0)


def test_what_is_left_out_is_left_out() -> None:
    done = run("verify", "--no-plugin", "udp", "--recorded", HERE / "defaults", DNS)
    assert done.status == 1
    assert any(line.startswith("tuples ") and line.endswith(" differ") for line in done.lines)


@pytest.mark.parametrize("strict", [False, True])
def test_a_plugin_that_fails_is_named_once_though_nothing_differs(strict: bool, tmp_path: Path) -> None:
    failing = tmp_path / "failing.py"
    failing.write_text(FAILING)
    words = ["--strict-plugins"] if strict else []
    done = run("verify", *words, "--plugin", failing, "--recorded", HERE / "defaults", DNS, CAPTURES / "http.pcap")
    assert done.status == 1
    assert done.err == f"ctcore: observer plugin failing of {failing} failed: ValueError: oh no\n"
    assert sum("no difference" in line for line in done.lines) == (0 if strict else 2)
