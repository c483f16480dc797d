"""Lines of lists and events, without a kernel: what conntrack prints, as recorded, of flows made here."""

from __future__ import annotations

import pytest

from ctcore.common import EXT_TSTAMP, Event, EventKind, Status
from ctcore.formats import proc, save, text, xml
from ctcore.formats.labels import LabelMap
from ctcore.formats.output import Output
from ctcore.sysctl import SECOND
from ctcore.zones import ZONE_DIR_ORIG, ZONE_DIR_REPL, Zone
from tests.replaying import (
    ANSWERED,
    CLIENT,
    SERVER,
    START,
    SYN,
    TCP_ANSWER,
    TCP_FLOW,
    Replay,
    timezone,
    with_helper,
    with_labels,
)

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

TCP_EVENTS = """\
    [NEW] tcp      6 120 SYN_SENT src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 [UNREPLIED] src=10.0.2.2 dst=10.0.1.2 \
sport=8 dport=7
 [UPDATE] tcp      6 60 SYN_RECV src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 src=10.0.2.2 dst=10.0.1.2 sport=8 dport=7
 [UPDATE] tcp      6 432000 ESTABLISHED src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 src=10.0.2.2 dst=10.0.1.2 \
sport=8 dport=7 [ASSURED]
 [UPDATE] tcp      6 120 FIN_WAIT src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 src=10.0.2.2 dst=10.0.1.2 \
sport=8 dport=7 [ASSURED]
 [UPDATE] tcp      6 30 LAST_ACK src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 src=10.0.2.2 dst=10.0.1.2 \
sport=8 dport=7 [ASSURED]
 [UPDATE] tcp      6 120 TIME_WAIT src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 src=10.0.2.2 dst=10.0.1.2 \
sport=8 dport=7 [ASSURED]
[DESTROY] tcp      6 119 TIME_WAIT src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 packets=4 bytes=160 src=10.0.2.2 \
dst=10.0.1.2 sport=8 dport=7 packets=2 bytes=80 [ASSURED]
    [NEW] tcp      6 120 SYN_SENT src=10.0.1.2 dst=10.0.2.2 sport=7 dport=8 [UNREPLIED] src=10.0.2.2 dst=10.0.1.2 \
sport=8 dport=7"""


def test_events_of_a_tcp_connection() -> None:
    replay = Replay()
    replay.feed(
        CLIENT.tcp(7, 8, "S", 10),
        SERVER.tcp(8, 7, "SA", 50, 11),
        CLIENT.tcp(7, 8, "A", 11, 51),
        CLIENT.tcp(7, 8, "FA", 11, 51),
        SERVER.tcp(8, 7, "FA", 51, 12),
        CLIENT.tcp(7, 8, "A", 12, 52),
        CLIENT.tcp(7, 8, "S", 2000),
    )
    assert replay.events == TCP_EVENTS.split("\n")


def test_events_of_a_refused_and_a_picked_up_connection() -> None:
    replay = Replay()
    replay.feed(CLIENT.tcp(5, 6, "S", 10))
    replay.feed_last(SERVER.tcp(6, 5, "RA", 0, 11))
    replay.feed(CLIENT.tcp(9, 8, "A", 11, 51))
    assert replay.events == [
        "    [NEW] tcp      6 120 SYN_SENT src=10.0.1.2 dst=10.0.2.2 sport=5 dport=6 [UNREPLIED] src=10.0.2.2 "
        "dst=10.0.1.2 sport=6 dport=5",
        "[DESTROY] tcp      6 119 CLOSE src=10.0.1.2 dst=10.0.2.2 sport=5 dport=6 packets=1 bytes=40 [UNREPLIED] "
        "src=10.0.2.2 dst=10.0.1.2 sport=6 dport=5 packets=1 bytes=40",
        "    [NEW] tcp      6 300 ESTABLISHED src=10.0.1.2 dst=10.0.2.2 sport=9 dport=8 [UNREPLIED] src=10.0.2.2 "
        "dst=10.0.1.2 sport=8 dport=9",
    ]


def test_events_of_udp_and_icmp() -> None:
    replay = Replay()
    replay.feed(CLIENT.udp(1, 2, b"x"), SERVER.udp(2, 1, b"y"))
    replay.now += 3 * SECOND
    replay.feed(CLIENT.udp(1, 2, b"x"), CLIENT.echo(1), SERVER.echo(1, kind=0))
    assert replay.events == [
        "    [NEW] udp      17 30 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 [UNREPLIED] src=10.0.2.2 dst=10.0.1.2 "
        "sport=2 dport=1",
        " [UPDATE] udp      17 30 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 src=10.0.2.2 dst=10.0.1.2 sport=2 dport=1",
        " [UPDATE] udp      17 120 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 src=10.0.2.2 dst=10.0.1.2 sport=2 dport=1 "
        "[ASSURED]",
        "    [NEW] icmp     1 30 src=10.0.1.2 dst=10.0.2.2 type=8 code=0 id=1 [UNREPLIED] src=10.0.2.2 dst=10.0.1.2 "
        "type=0 code=0 id=1",
        " [UPDATE] icmp     1 30 src=10.0.1.2 dst=10.0.2.2 type=8 code=0 id=1 src=10.0.2.2 dst=10.0.1.2 "
        "type=0 code=0 id=1",
    ]


def test_a_flow_that_expired_has_no_timeout_in_its_last_event() -> None:
    replay = Replay()
    replay.feed(CLIENT.udp(1, 2, b"x"))
    replay.now += 31 * SECOND
    replay.feed(CLIENT.echo(1))
    assert replay.events[1] == (
        "[DESTROY] udp      17 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 packets=1 bytes=29 [UNREPLIED] src=10.0.2.2 "
        "dst=10.0.1.2 sport=2 dport=1 packets=0 bytes=0"
    )


def test_timestamps_of_events() -> None:
    replay = Replay(output=Output(timestamp=True))
    replay.now = START // SECOND * SECOND + 17_631_999
    replay.feed(CLIENT.udp(1, 2, b"x"))
    assert replay.events[0].startswith("[1795374720.017631]\t    [NEW] udp      17 30 src=")


def test_flags_of_lists() -> None:
    replay = Replay(nf_conntrack_timestamp=1)
    ct = with_labels(with_helper(replay.feed(SYN)), 3, 5, 9)
    names = LabelMap(["3 three", "9 nine"])
    ended = "mark=0 delta-time=0 "
    line = TCP_FLOW + "[UNREPLIED] " + TCP_ANSWER + ended
    start = "[start=Sun Nov 22 19:12:00 2026] "
    assert replay.line(ct) == line + "helper=ftp use=1"
    assert replay.line(ct, Output(extended=True)) == "ipv4     2 " + line + "helper=ftp use=1"
    assert replay.line(ct, Output(id=True)) == line + f"helper=ftp use=1 id={ct.id}"
    assert replay.line(ct, Output(timestamp=True)) == line + "helper=ftp use=1"
    with timezone("UTC"):
        assert replay.line(ct, Output(ktimestamp=True)) == line + start + "helper=ftp use=1"
    with timezone("EST5"):
        local = start.replace("19:12", "14:12")
        assert replay.line(ct, Output(ktimestamp=True)) == line + local + "helper=ftp use=1"
    assert replay.line(ct, Output(labels=True)) == line + "helper=ftp use=1"
    assert replay.line(ct, Output(labels=True, labelmap=names)) == line + "helper=ftp use=1 labels=three,nine"
    nameless = Output(labels=True, labelmap=LabelMap(["1 one"]))
    assert replay.line(ct, nameless) == line + "helper=ftp use=1 labels"
    replay.net.now = replay.now
    replay.net.delete(ct)
    assert replay.events[-1] == f"[DESTROY] {line.replace('mark=0 ', '').rstrip()}"


def test_delta_time_truncates_both_times_but_not_in_proc() -> None:
    replay = Replay(nf_conntrack_timestamp=1)
    ct = replay.feed(SYN)
    replay.now = START // SECOND * SECOND + 2 * SECOND
    assert "delta-time=2 " in replay.line(ct)
    assert "delta-time=1 " in proc.flow_line(ct, replay.now)


def test_xml_tells_the_age_of_a_flow_that_ended_otherwise_than_text() -> None:
    """Ten milliseconds that a second's end lies between: as text a second, as XML none."""
    replay = Replay(nf_conntrack_timestamp=1)
    ct = replay.feed(SYN)
    times = ct.ext_find(EXT_TSTAMP)
    times.start, times.stop = 2 * SECOND - 5_000_000, 2 * SECOND + 5_000_000
    event = (EventKind.DESTROY, ct, 1 << Event.DESTROY, replay.now)
    assert " delta-time=1" in text.event_line(*event)
    assert "<deltatime>0</deltatime>" in xml.event_line(*event)


ZONES = {
    Zone(7): ("", "", "zone=7 "),
    Zone(8, ZONE_DIR_ORIG): ("zone-orig=8 ", "", ""),
    Zone(9, ZONE_DIR_REPL): ("", "zone-reply=9 ", ""),
    Zone(): ("", "", ""),
}


@pytest.mark.parametrize("zone", ZONES)
def test_zones(zone: Zone) -> None:
    replay = Replay(nf_conntrack_acct=0)
    ct = replay.feed(CLIENT.udp(1, 2, b"x"))
    ct.zone = zone
    orig, reply, both = ZONES[zone]
    line = f"{orig}[UNREPLIED] src=10.0.2.2 dst=10.0.1.2 sport=2 dport=1 {reply}mark=0 {both}"
    assert replay.line(ct) == f"udp      17 29 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 {line}use=1"
    line = line if zone.id else line + "zone=0 "
    assert proc.flow_line(ct, replay.now) == (
        f"ipv4     2 udp      17 29 src=10.0.1.2 dst=10.0.2.2 sport=1 dport=2 {line}use=2"
    )
    option = {3: "-w", 1: "--orig-zone", 2: "--reply-zone"}[zone.dir]
    assert (f" {option} {zone.id} -s " in save.flow_line(ct, replay.now)) == bool(zone.id)
    place = {
        3: "</mark><zone>7</zone><use>",
        1: "</layer4><zone>8</zone></meta>",
        2: "</layer4><zone>9</zone></meta>",
    }
    assert (place[zone.dir] in xml.flow_line(ct, replay.now)) == bool(zone.id)


def test_status_words() -> None:
    replay = Replay()
    ct = replay.feed(*ANSWERED)
    assert " [ASSURED] mark=0 use=1" in replay.line(ct)
    ct.status |= Status.OFFLOAD
    line = replay.line(ct)
    assert line.startswith("tcp      6 src=")
    assert " [OFFLOAD] mark=0 " in line
    assert proc.flow_line(ct, replay.now).startswith("ipv4     2 tcp      6 src=")
    ct.status |= Status.HW_OFFLOAD
    assert " [HW_OFFLOAD] mark=0 " in replay.line(ct)


def test_a_master_is_held_by_its_children() -> None:
    replay = Replay()
    ct = replay.feed(SYN)
    ct.children = 2
    assert replay.line(ct).endswith(" use=3")
    assert proc.flow_line(ct, replay.now).endswith(" use=4")


def mask(*events: Event) -> int:
    return sum(1 << event for event in events)


def test_an_event_tells_what_its_mask_says() -> None:
    replay = Replay()
    ct = with_labels(replay.feed(SYN), 3)

    def told(*events: Event) -> str:
        output = Output(labels=True, labelmap=LabelMap(["3 three"]))
        return text.event_line(EventKind.UPDATE, ct, mask(*events), replay.now, output)

    assert " SYN_SENT " not in told(Event.REPLY)
    assert " SYN_SENT " in told(Event.PROTOINFO)
    assert "mark=" not in told(Event.REPLY)
    assert told(Event.MARK).endswith(" mark=0")
    assert told(Event.LABEL).endswith(" labels=three")
    assert "labels" not in told(Event.REPLY)
    ct.mark = 5
    assert told(Event.REPLY).endswith(" mark=5")
    assert "packets=" not in told(*Event)
