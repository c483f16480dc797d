"""``-o save``, ``-o xml`` and ``-o json``, without a kernel: what conntrack prints of flows made here."""

from __future__ import annotations

import json

import pytest

from ctcore.common import Status
from ctcore.formats.labels import LabelMap
from ctcore.formats.output import Output
from ctcore.sysctl import SECOND
from tests.replaying import (
    ANSWERED,
    CLIENT,
    SERVER,
    START,
    SYN,
    Replay,
    nat,
    timezone,
    with_helper,
    with_labels,
)

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

SAVED = "-s 10.0.1.2 -d 10.0.2.2 -r 10.0.2.2 -q 10.0.1.2"
SAVES = {
    "udp": (
        CLIENT.udp(53, 54, b""),
        f"{SAVED} -p udp --sport 53 --dport 54 --reply-port-src 54 --reply-port-dst 53",
    ),
    "tcp": (
        SYN,
        f"{SAVED} -p tcp --sport 1000 --dport 80 --reply-port-src 80 --reply-port-dst 1000 --state SYN_SENT",
    ),
    "icmp": (CLIENT.echo(77), f"{SAVED} -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77"),
    "unknown": (CLIENT.packet(50), f"{SAVED} -p 50"),
}


@pytest.mark.parametrize(("packet", "options"), SAVES.values(), ids=SAVES)
def test_save(packet: bytes, options: str) -> None:
    replay = Replay("save")
    ct = replay.feed(packet)
    left = ct.remaining(replay.now) // SECOND
    assert replay.line(ct) == f"-A -t {left} -u UNSET {options}"
    assert replay.events == [f"-A -t {left + 1} -u UNSET {options}"]
    replay.net.delete(ct)
    assert replay.events[1].startswith(f"-D -t {left + 1} -u UNSET {SAVED} ")


def test_save_of_status_and_translated_addresses() -> None:
    replay = Replay("save")
    ct = replay.feed(*ANSWERED)
    ct.status |= Status.FIXED_TIMEOUT | Status.EXPECTED
    assert replay.events[1].startswith("-U -t 60 -u SEEN_REPLY -s ")
    assert " -u EXPECTED,SEEN_REPLY,ASSURED,FIXED_TIMEOUT -s " in replay.line(ct)
    assert " -r 10.0.2.2 -n 10.0.2.1 -p " in replay.line(nat(ct, dst=bytes((10, 0, 2, 1))))
    assert " -g 10.0.9.9 -n 10.0.2.1 -p " in replay.line(nat(ct, src=bytes((10, 0, 9, 9))))
    ct.status &= ~(Status.SRC_NAT_DONE | Status.DST_NAT_DONE)
    assert " -r 10.0.9.9 -q 10.0.2.1 -p " in replay.line(ct)


def direction(src: str, dst: str, layer4: str, counted: tuple[int, int] | None = None) -> str:
    """What stands in the element of a direction."""
    counters = ""
    if counted:
        counters = f"<counters><packets>{counted[0]}</packets><bytes>{counted[1]}</bytes></counters>"
    return f'<layer3 protonum="2" protoname="ipv4"><src>{src}</src><dst>{dst}</dst></layer3>{layer4}{counters}</meta>'


def test_xml_of_tcp() -> None:
    replay = Replay("xml", Output(timestamp=True), nf_conntrack_timestamp=1)
    with timezone("UTC"):
        ct = with_labels(with_helper(replay.feed(SYN)), 3)
    opened = '<layer4 protonum="6" protoname="tcp"><sport>%d</sport><dport>%d</dport></layer4>'
    there, back = opened % (1000, 80), opened % (80, 1000)
    flow = (
        '<meta direction="original">'
        + direction("10.0.1.2", "10.0.2.2", there, (1, 40))
        + '<meta direction="reply">'
        + direction("10.0.2.2", "10.0.1.2", back, (0, 0))
        + '<meta direction="independent"><state>SYN_SENT</state><timeout>119</timeout>'
    )
    end = f"<use>1</use><id>{ct.id}</id><unreplied/>"
    age = "<deltatime>0</deltatime></meta><helper>ftp</helper></flow>"
    labels = Output(labels=True, labelmap=LabelMap(["3 three"]), ktimestamp=True, timestamp=True)
    times = f"<timestamp><start>{START}</start></timestamp>"
    assert replay.line(ct) == f"<flow>{flow}<mark>0</mark>{end}{age}"
    told = "<labels><label>three</label></labels>"
    assert replay.line(ct, labels) == f"<flow>{flow}<mark>0</mark>{told}{end}{times}{age}"
    when = (
        "<when><hour>19</hour><min>12</min><sec>00</sec><wday>1</wday><day>22</day><month>11</month>"
        "<year>2026</year></when>"
    )
    assert replay.events[0].startswith('<flow type="new"><meta direction="original"><layer3 ')
    assert replay.events[0].endswith(f"<timeout>120</timeout><id>{ct.id}</id><unreplied/></meta>{when}</flow>")


@pytest.mark.parametrize(("name", "age"), [("text", "delta-time=2"), ("xml", "<deltatime>1</deltatime>")])
def test_the_age_of_a_flow_that_has_ended(name: str, age: str) -> None:
    """Text truncates both times beforehand, XML their difference; while the flow lasts both do as text."""
    replay = Replay(name, nf_conntrack_timestamp=1)
    ct = replay.feed(SYN)
    replay.now = replay.net.now = START // SECOND * SECOND + 2 * SECOND
    assert age.replace("1", "2") in replay.line(ct)
    replay.net.delete(ct)
    assert age in replay.events[-1]


def test_xml_leaves_out_the_parts_of_icmp() -> None:
    replay = Replay("xml", nf_conntrack_acct=0)
    ct = replay.feed(CLIENT.echo(5), SERVER.echo(5, kind=0))
    empty = '<layer4 protonum="1" protoname="icmp"></layer4>'
    assert replay.line(ct) == (
        '<flow><meta direction="original">'
        + direction("10.0.1.2", "10.0.2.2", empty)
        + '<meta direction="reply">'
        + direction("10.0.2.2", "10.0.1.2", empty)
        + f'<meta direction="independent"><timeout>29</timeout><mark>0</mark><use>1</use><id>{ct.id}</id>'
        "</meta></flow>"
    )


def test_json_lines_are_objects() -> None:
    replay = Replay("json")
    ct = replay.feed(SYN)
    assert json.loads(replay.line(ct))["state"] == "SYN_SENT"
    assert json.loads(replay.events[0])["type"] == "NEW"
