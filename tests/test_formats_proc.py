"""The files of /proc, without a kernel: what the kernel prints, as recorded, of flows made here."""

from __future__ import annotations

import pytest

from ctcore.formats import proc, stats
from ctcore.stats import Statistics
from tests.replaying import CLIENT, SYN, TCP_ANSWER, TCP_FLOW, Replay

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

PROC = {
    "tcp": (SYN, "ipv4     2 " + TCP_FLOW + "[UNREPLIED] " + TCP_ANSWER + "mark=0 zone=0 use=2"),
    "icmp": (
        CLIENT.echo(5, data=b"xyz"),
        "ipv4     2 icmp     1 29 src=10.0.1.2 dst=10.0.2.2 type=8 code=0 id=5 packets=1 bytes=31 [UNREPLIED] "
        "src=10.0.2.2 dst=10.0.1.2 type=0 code=0 id=5 packets=0 bytes=0 mark=0 zone=0 use=2",
    ),
    "unknown": (
        CLIENT.packet(50, b"1234"),
        "ipv4     2 unknown  50 599 src=10.0.1.2 dst=10.0.2.2 packets=1 bytes=24 [UNREPLIED] src=10.0.2.2 "
        "dst=10.0.1.2 packets=0 bytes=0 mark=0 zone=0 use=2",
    ),
}


@pytest.mark.parametrize(("packet", "line"), PROC.values(), ids=PROC)
def test_proc(packet: bytes, line: str) -> None:
    replay = Replay()
    assert proc.flow_line(replay.feed(packet), replay.now) == line


def test_statistics() -> None:
    stat = Statistics()
    for value, (name, _) in enumerate(stat.items(), 1):
        setattr(stat, name, value)
    assert stats.cpu_line(stat) == (
        "cpu=0   \tfound=1 invalid=2 insert=3 insert_failed=4 drop=5 early_drop=6 error=7 search_restart=8 "
        "clash_resolve=9 chaintoolong=10 "
    )
    assert stats.expect_cpu_line(stat, 12) == "cpu=12  \texpect_new=11 expect_create=12 expect_delete=13 "
    assert stats.count_line(7) == "7"
    words = proc.stat_line(stat, 255)
    numbers = (9, 1, 0, 2, 0, 0, 10, 3, 4, 5, 6, 7)
    assert words == "000000ff  " + " ".join(f"{n:08x}" for n in numbers) + "  0000000b 0000000c 0000000d 00000008"
    assert len(words.split()) == len(proc.STAT_HEADER.split())
    assert [len(part.split()) for part in words.split("  ")] == [
        len(part.split()) for part in proc.STAT_HEADER.split("  ")
    ]
