"""The link layer: what each function makes of sound frames, of cut ones, and of any bytes whatever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore.errors import CaptureError
from ctcore.sources import LINK_TYPES, Decap, decap_for
from ctcore.sources.link import bsd_loopback, cooked_v1, cooked_v2, ethernet, raw_ip

MACS = bytes(range(12))
V4, V6, ARP = b"\x08\x00", b"\x86\xdd", b"\x08\x06"
Q, AD, QINQ = b"\x81\x00", b"\x88\xa8", b"\x91\x00"
TCI = b"\x20\x64"
SNAP = b"\xaa\xaa\x03\x00\x00\x00"
SLL = b"\x00\x00\x00\x01\x00\x06" + bytes(8)
SLL2 = bytes(2) + b"\x00\x00\x00\x02\x00\x01\x00\x06" + bytes(8)

FRAMES = {
    "ethernet ipv4": (ethernet, MACS + V4, 0x0800),
    "ethernet ipv6": (ethernet, MACS + V6, 0x86DD),
    "ethernet arp": (ethernet, MACS + ARP, 0x0806),
    "lowest ethertype": (ethernet, MACS + b"\x06\x00", 0x0600),
    "high byte 8, low byte not 0": (ethernet, MACS + b"\x08\x01", 0x0801),
    "802.1q": (ethernet, MACS + Q + TCI + V4, 0x0800),
    "802.1ad with 802.1q": (ethernet, MACS + AD + TCI + Q + TCI + V6, 0x86DD),
    "qinq, three tags": (ethernet, MACS + QINQ + TCI + Q + TCI + Q + TCI + V4, 0x0800),
    "802.3 snap": (ethernet, MACS + b"\x00\x2e" + SNAP + V4, 0x0800),
    "802.3 snap in a vlan": (ethernet, MACS + Q + TCI + b"\x00\x2e" + SNAP + V4, 0x0800),
    "vlan in snap": (ethernet, MACS + b"\x00\x2e" + SNAP + Q + TCI + V4, 0x0800),
    "cooked v1": (cooked_v1, SLL + V4, 0x0800),
    "cooked v1 vlan": (cooked_v1, SLL + Q + TCI + V6, 0x86DD),
    "cooked v1 llc": (cooked_v1, SLL + b"\x00\x04" + SNAP + V4, 0x0800),
    "cooked v2": (cooked_v2, V6 + SLL2, 0x86DD),
    "cooked v2 vlan": (cooked_v2, AD + SLL2 + TCI + Q + TCI + V4, 0x0800),
    "cooked v2 llc": (cooked_v2, b"\x00\x04" + SLL2 + SNAP + V4, 0x0800),
    "null little-endian": (bsd_loopback, b"\x02\x00\x00\x00", 0x0800),
    "null big-endian": (bsd_loopback, b"\x00\x00\x00\x02", 0x0800),
    "null linux ipv6": (bsd_loopback, b"\x0a\x00\x00\x00", 0x86DD),
    "null netbsd ipv6": (bsd_loopback, b"\x18\x00\x00\x00", 0x86DD),
    "null freebsd ipv6": (bsd_loopback, b"\x1c\x00\x00\x00", 0x86DD),
    "loop macos ipv6": (bsd_loopback, b"\x00\x00\x00\x1e", 0x86DD),
}

NO_PACKET = {
    "802.2 spanning tree": (ethernet, MACS + b"\x00\x26\x42\x42\x03" + bytes(40)),
    "802.3 novell raw": (ethernet, MACS + b"\x00\x26\xff\xff" + bytes(40)),
    "snap of another oui": (ethernet, MACS + b"\x00\x2e\xaa\xaa\x03\x00\x00\x0c\x20\x00" + bytes(40)),
    "length in snap": (ethernet, MACS + b"\x00\x2e" + SNAP + b"\x00\x20" + bytes(40)),
    "cooked v1 can": (cooked_v1, SLL + b"\x00\x0c" + bytes(40)),
    "cooked v2 can": (cooked_v2, b"\x00\x0c" + SLL2 + bytes(40)),
    "null appletalk": (bsd_loopback, b"\x10\x00\x00\x00" + bytes(40)),
    "null, af_inet in the middle": (bsd_loopback, b"\x00\x02\x00\x00" + bytes(40)),
    "raw version 5": (raw_ip, b"\x50" + bytes(40)),
    "raw version 0": (raw_ip, bytes(40)),
}

FUNCTIONS = sorted(set(LINK_TYPES.values()), key=lambda function: function.__name__)


@pytest.mark.parametrize(("decap", "header", "ethertype"), FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize("before", [0, 3, 100_000])
def test_finds_the_packet(decap: Decap, header: bytes, ethertype: int, before: int) -> None:
    buf = bytes(before) + header + b"payload" + b"\xff" * 9
    end = before + len(header) + 7
    assert decap(buf, before, end) == (before + len(header)) << 16 | ethertype


@pytest.mark.parametrize(("decap", "header", "ethertype"), FRAMES.values(), ids=FRAMES)
def test_a_cut_header_is_no_packet_and_what_follows_it_is_not_read(decap: Decap, header: bytes, ethertype: int) -> None:
    for end in range(len(header)):
        assert decap(header + b"payload", 0, end) == 0
    assert decap(header, 0, len(header)) == len(header) << 16 | ethertype


@pytest.mark.parametrize(("decap", "frame"), NO_PACKET.values(), ids=NO_PACKET)
def test_frames_without_a_network_packet(decap: Decap, frame: bytes) -> None:
    assert decap(frame, 0, len(frame)) == 0


@pytest.mark.parametrize(("first", "ethertype"), [(b"\x45", 0x0800), (b"\x4f", 0x0800), (b"\x60", 0x86DD)])
@pytest.mark.parametrize("linktype", [12, 14, 101, 228, 229])
def test_raw_ip_goes_by_the_version(linktype: int, first: bytes, ethertype: int) -> None:
    decap = decap_for(linktype, "x")
    assert decap(b"\x99" + first + bytes(19), 1, 21) == 1 << 16 | ethertype
    assert decap(first, 0, 0) == 0


@pytest.mark.parametrize(
    ("linktype", "function"),
    [(0, bsd_loopback), (1, ethernet), (108, bsd_loopback), (113, cooked_v1), (276, cooked_v2)],
)
def test_link_types_by_number(linktype: int, function: Decap) -> None:
    assert decap_for(linktype, "x") is function


@pytest.mark.parametrize(("linktype", "called"), [(105, "IEEE802_11"), (9, "PPP"), (999, "no name in libpcap")])
def test_unknown_link_type_is_named(linktype: int, called: str) -> None:
    with pytest.raises(CaptureError) as caught:
        decap_for(linktype, "x.pcap")
    assert str(caught.value) == f"x.pcap: link type {linktype} ({called}) is none that ctcore can read"


PIECES = st.sampled_from(
    [MACS, V4, V6, Q, AD, QINQ, TCI, SNAP, SLL, SLL2, b"\x00\x04", b"\x02\x00\x00\x00", b"\x45", b"\x60"]
)
"""What headers are made of: bytes at random would almost never be a tag or LLC."""

FRAME = st.lists(PIECES | st.binary(max_size=6), max_size=12).map(b"".join)


@pytest.mark.parametrize("decap", FUNCTIONS, ids=lambda function: function.__name__)
@settings(max_examples=500, deadline=None)
@given(before=st.binary(max_size=20), frame=FRAME, after=FRAME, other=FRAME)
def test_any_bytes(decap: Decap, before: bytes, frame: bytes, after: bytes, other: bytes) -> None:
    """Never raises, stays inside the frame, and answers the same whatever lies before and behind it."""
    offset, end = len(before), len(before) + len(frame)
    found = decap(before + frame, offset, end)
    assert found == 0 or (offset <= found >> 16 <= end and found & 0xFFFF >= 0x0600)
    assert decap(before + frame + after, offset, end) == found
    assert decap(before + frame + other, offset, end) == found
    alone = decap(frame, 0, len(frame))
    assert alone == (found - (offset << 16) if found else 0)


class Watched(bytes):
    """Bytes that say how far they were read."""

    furthest = -1

    def __getitem__(self, key):  # type: ignore[no-untyped-def]
        last = key if isinstance(key, int) else key.stop - 1
        self.furthest = max(self.furthest, last)
        return super().__getitem__(key)


@pytest.mark.plain
@pytest.mark.parametrize("decap", FUNCTIONS, ids=lambda function: function.__name__)
@settings(max_examples=500, deadline=None)
@given(frame=FRAME, cut=st.integers(0, 80))
def test_never_looks_past_the_end(decap: Decap, frame: bytes, cut: int) -> None:
    end = min(cut, len(frame))
    buf = Watched(frame + b"\x08\x00" * 8)
    decap(buf, 0, end)
    assert buf.furthest < end


@settings(max_examples=300, deadline=None)
@given(
    tags=st.lists(st.tuples(st.sampled_from([Q, AD, QINQ]), st.binary(min_size=2, max_size=2)), max_size=40),
    ethertype=st.integers(0x0600, 0xFFFF).filter(lambda number: number not in (0x8100, 0x88A8, 0x9100)),
    snap=st.booleans(),
)
def test_any_stack_of_tags(tags: list[tuple[bytes, bytes]], ethertype: int, snap: bool) -> None:
    inner = (b"\x00\x40" + SNAP if snap else b"") + ethertype.to_bytes(2, "big")
    frame = MACS + b"".join(kind + tci for kind, tci in tags) + inner
    assert ethernet(frame, 0, len(frame)) == len(frame) << 16 | ethertype
