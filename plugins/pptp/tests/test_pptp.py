"""The control conversation, and what becomes of the tunnel that it agrees on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcore import Conn, Conntrack, Registry, Result
from ctcore.formats import expects
from ctcore.testing.conversation import SECOND, START
from ctcore.testing.packets import IPv4
from ctcore.testing.tunnels import GRE, pptp_gre
from ctcore.verify.fuzz.languages.pptp import message
from ctcore_pptp.messages import CONTROL, MINIMUM, read_message

CLIENT = IPv4("10.0.1.2", "10.0.2.2")
SERVER = CLIENT.back
PNS, PAC = 0x6F, 0xDE  # the call ids of client and server

START_REQUEST, START_REPLY, STOP_REQUEST, STOP_REPLY = (message(kind) for kind in (1, 2, 3, 4))
OUT_REQUEST, OUT_REPLY = message(7, PNS), message(8, PAC, PNS)
IN_REQUEST, IN_REPLY, IN_CONNECT = message(9, PAC), message(10, PNS, PAC), message(11, PNS)
CLEAR, DISCONNECT = message(12, PNS), message(13, PAC)
DIALLED = ((0, START_REQUEST), (1, START_REPLY), (0, OUT_REQUEST), (1, OUT_REPLY))
ANSWERED = (*DIALLED[:2], (1, IN_REQUEST), (0, IN_REPLY), (1, IN_CONNECT))


class Control:
    """A control connection through a conntrack whose flows to port 1723 have the helper."""

    def __init__(self, registry: Registry, ip: IPv4 = CLIENT, beside: Control | None = None) -> None:
        settings = {"nf_conntrack_acct": 1}
        self.conntrack: Conntrack = beside.conntrack if beside else Conntrack(registry, settings, helpers=["pptp"])
        self.net = self.conntrack.net
        self.now = START
        self.ends = ((ip, (1000, 1723)), (ip.back, (1723, 1000)))
        self._sent = [11, 51]
        for side, flags, seq, ack in ((0, "S", 10, 0), (1, "SA", 50, 11), (0, "A", 11, 51)):
            host, ports = self.ends[side]
            self.flow = self.flow_of(host.tcp(*ports, flags, seq, ack))

    def flow_of(self, packet: bytes) -> Conn:
        entry = self.feed(packet).entry
        assert entry is not None
        return entry

    def feed(self, packet: bytes) -> Result:
        return self.conntrack.feed(packet, self.now)

    def say(self, direction: int, data: bytes) -> Result:
        ip, ports = self.ends[direction]
        packet = ip.tcp(*ports, "PA", self._sent[direction], self._sent[1 - direction], data=data)
        self._sent[direction] += len(data)
        result = self.feed(packet)
        assert result.verdict.name == "ACCEPT"
        return result

    def play(self, *scene: tuple[int, bytes]) -> Result:
        for direction, data in scene:
            result = self.say(direction, data)
        return result

    def expected(self) -> list[tuple[str, str, str, str]]:
        return sorted(_told(exp) for exp in self.net.expectations)

    @property
    def private(self) -> dict[str, Any]:
        helper = self.net.helpers.find("pptp", 2, 6)
        assert helper is not None
        return dict(helper.print_private(self.flow))


def _told(exp: Any) -> tuple[str, str, str, str]:
    t = exp.tuple
    src, dst = (".".join(map(str, address)) for address in (t.src, t.dst))
    return src, dst, t.src_u.hex(), t.dst_u.hex()


BOTH = [("10.0.1.2", "10.0.2.2", "006f", "00de"), ("10.0.2.2", "10.0.1.2", "00de", "006f")]


@pytest.fixture
def control(registry: Registry) -> Iterator[Control]:
    made = Control(registry)
    yield made
    made.net.exit()
    assert made.net.table.count == 0


@pytest.mark.parametrize("scene", [DIALLED, ANSWERED])
def test_a_call_is_expected_from_both_ends(scene: tuple[tuple[int, bytes], ...], control: Control) -> None:
    control.play(*scene)
    assert control.expected() == BOTH
    assert {exp.expires - control.now for exp in control.net.expectations} == {300 * SECOND}
    assert (control.private["session"], control.private["pns_id"], control.private["pac_id"]) == ("CONFIRMED", PNS, PAC)


@pytest.mark.parametrize("first", [CLIENT, SERVER])
def test_the_tunnel_is_related_and_one_flow(first: IPv4, control: Control) -> None:
    control.play(*DIALLED)
    there, back = (PAC, PNS) if first == CLIENT else (PNS, PAC)
    opened = control.feed(first.packet(GRE, pptp_gre(there)))
    tunnel = opened.entry
    assert tunnel is not None
    assert (opened.state, tunnel.master) == ("related", control.flow)
    assert control.expected() == []  # neither that one nor the other's
    assert tunnel.remaining(control.now) == 30 * SECOND
    answered = control.feed(first.back.packet(GRE, pptp_gre(back)))
    assert (answered.state, answered.direction, answered.entry) == ("established", "reply", tunnel)
    assert control.flow_of(first.packet(GRE, pptp_gre(there))).remaining(control.now) == 180 * SECOND


def test_the_end_of_the_call_ends_the_tunnel(control: Control) -> None:
    control.play(*DIALLED)
    tunnel = control.flow_of(CLIENT.packet(GRE, pptp_gre(PAC)))
    events = control.play((0, CLEAR), (1, DISCONNECT)).events
    assert [(event["type"], event["l4"]) for event in events] == [("DESTROY", "gre")]
    assert tunnel not in list(control.net.table)
    later = control.flow_of(CLIENT.packet(GRE, pptp_gre(PAC)))
    assert (later.master, later.original[-6:-4]) == (None, b"\0\0")  # the key map forgot it, too


def test_the_end_of_the_call_takes_back_what_is_expected(control: Control) -> None:
    control.play(*DIALLED, (1, DISCONNECT))
    assert control.expected() == []


def test_with_the_control_connection_the_tunnel_goes(control: Control) -> None:
    control.play(*DIALLED)
    control.feed(CLIENT.packet(GRE, pptp_gre(PAC)))
    control.net.delete(control.flow)
    assert list(control.net.table) == []
    assert control.net.l4protos[GRE].plugin.keymap.find(CLIENT.addresses, b"\0\xde") == b"\0\0"


def test_a_tunnel_that_ends_leaves_the_key_map(control: Control) -> None:
    """Nobody expects the call again: what comes after that is a tunnel without a source key."""
    control.play(*DIALLED)
    control.net.delete(control.flow_of(CLIENT.packet(GRE, pptp_gre(PAC))))
    for ip, key in ((CLIENT, PAC), (SERVER, PNS)):
        result = control.feed(ip.packet(GRE, pptp_gre(key)))
        assert result.state == "new"
        assert result.entry is not None
        assert result.entry.original[-6:-4] == b"\0\0"


def test_a_tunnel_that_is_silent_too_long_leaves_the_key_map(control: Control) -> None:
    control.play(*DIALLED)
    control.flow_of(CLIENT.packet(GRE, pptp_gre(PAC)))
    control.now += 31 * SECOND
    later = control.flow_of(CLIENT.packet(GRE, pptp_gre(PAC)))
    assert (later.master, later.original[-6:-4]) == (None, b"\0\0")


def test_another_control_connection_may_end_the_tunnel(registry: Registry, control: Control) -> None:
    """The fuzzer found it: two connections, one each way, whose calls have the same keys. These go with the tunnel."""
    control.play(*DIALLED[:2], (0, message(7, PAC)), (1, message(8, PAC, PAC)))
    control.feed(CLIENT.packet(GRE, pptp_gre(PAC)))
    other = Control(registry, SERVER, control)
    events = other.play(*ANSWERED[:3], (0, message(10, PAC, PAC)), (1, DISCONNECT)).events
    assert [(event["type"], event["l4"]) for event in events] == [("DESTROY", "gre")]
    assert control.flow_of(SERVER.packet(GRE, pptp_gre(PAC))).original[-6:-4] == b"\0\0"


def test_an_answer_that_comes_again_starts_anew(control: Control) -> None:
    control.play(*DIALLED)
    control.now += 100 * SECOND
    control.play((1, OUT_REPLY))
    assert control.expected() == BOTH
    assert {exp.expires - control.now for exp in control.net.expectations} == {300 * SECOND}


def test_another_call_of_the_same_session_is_not_expected_beside_the_first(control: Control) -> None:
    """The key map has one place for each direction of a control connection: all is taken back."""
    control.play(*DIALLED, (0, message(7, 5)), (1, message(8, 6, 5)))
    assert control.expected() == []
    assert control.private["pac_id"] == 6


OUT_OF_PLACE = [
    ((0, OUT_REQUEST), (1, OUT_REPLY)),  # no session
    ((0, START_REQUEST), (1, message(2, result=2)), (0, OUT_REQUEST), (1, OUT_REPLY)),  # a session refused
    (*DIALLED[:3], (1, message(8, PAC, PNS, 2))),  # a call refused
    (*DIALLED[:3], (1, message(8, PAC, PNS + 1))),  # of another call
    (*DIALLED[:2], (1, OUT_REPLY)),  # nobody called
    (*DIALLED[:2], (1, IN_REQUEST), (0, message(10, PNS, PAC, 2)), (1, IN_CONNECT)),
    (*DIALLED[:2], (1, IN_REQUEST), (0, message(10, PNS, PAC + 1)), (1, IN_CONNECT)),
    (*ANSWERED[:4], (1, message(11, PNS + 1))),
    (*DIALLED[:3], (0, STOP_REQUEST), (1, OUT_REPLY)),
    (*DIALLED[:3], (0, CLEAR), (1, OUT_REPLY)),
    ((1, START_REQUEST), (0, START_REPLY), (1, OUT_REQUEST), (0, OUT_REPLY)),  # who opened is the client
    (*DIALLED[:3], (1, OUT_REPLY[:-1])),  # too short
    (*DIALLED[:3], (1, OUT_REPLY[:2] + b"\0\2" + OUT_REPLY[4:])),  # no control packet
    (*DIALLED[:3], (1, OUT_REPLY[:4] + b"cook" + OUT_REPLY[8:])),
    (*DIALLED[:3], (1, message(6) + OUT_REPLY)),  # the second message of a segment is not seen
]


@pytest.mark.parametrize("scene", OUT_OF_PLACE)
def test_what_is_out_of_place_announces_nothing(scene: tuple[tuple[int, bytes], ...], control: Control) -> None:
    control.play(*scene)
    assert control.expected() == []


def test_a_session_ends_and_begins_again(control: Control) -> None:
    control.play(*DIALLED[:2], (0, STOP_REQUEST))
    assert control.private["session"] == "STOPREQ"
    control.play((1, STOP_REPLY))
    assert control.private["session"] == "NONE"
    control.play(*DIALLED)
    assert control.expected() == BOTH


def test_a_session_whose_end_is_refused(control: Control) -> None:
    control.play(*DIALLED[:2], (0, STOP_REQUEST), (1, message(4, result=2)), *DIALLED)
    assert (control.private["session"], control.expected()) == ("ERROR", [])


def test_a_table_of_expectations_that_is_full(registry: Registry) -> None:
    """Never dropped; what was announced of the call is taken back."""
    control = Control(registry)
    control.net.expectations.maximum = 1
    assert control.play(*DIALLED).reasons
    assert control.expected() == []


def test_the_lines_of_what_is_expected(control: Control) -> None:
    """The master is a TCP connection, whatever it expects: its ports are no keys."""
    control.play(*DIALLED)
    exp = next(iter(control.net.expectations))
    line = expects.text_line(exp, control.now)
    assert " srckey=0x6f dstkey=0xde mask-src=" in line
    assert " master-src=10.0.1.2 master-dst=10.0.2.2 sport=1000 dport=1723 class=0 helper=pptp" in line
    assert "<master><sport>1000</sport><dport>1723</dport></master>" in expects.xml_line(exp, control.now)


def test_without_gre_nothing_is_dropped_either() -> None:
    registry = Registry.load(strict=True, without=["gre"])
    control = Control(registry)
    control.play(*DIALLED)
    assert control.expected() == BOTH
    control.play((1, DISCONNECT))
    assert control.expected() == []


def test_the_header_of_a_message() -> None:
    parsed = CONTROL.parse(OUT_REPLY)
    assert (parsed.length, parsed.packet_type, parsed.magic_cookie, parsed.message_type) == (32, 1, 0x1A2B3C4D, 8)
    read = read_message(OUT_REPLY)
    assert read is not None
    assert (read.type, read.id(0), read.id(2), len(read.body)) == (8, PAC, PNS, MINIMUM[8])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.one_of(
                st.binary(max_size=40),
                st.builds(message, st.integers(0, 16), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)),
                st.builds(lambda kind, size: message(kind, size=size), st.integers(0, 16), st.integers(0, 220)),
                st.sampled_from([data for _, data in (*DIALLED, *ANSWERED)]),
            ),
        ),
        max_size=12,
    )
)
@settings(deadline=None, max_examples=150)
def test_any_messages(registry: Registry, scene: list[tuple[int, bytes]]) -> None:
    control = Control(registry)
    for direction, data in scene:
        control.say(direction, data)
        assert len(control.expected()) in (0, 2)
    control.net.exit()
    assert control.net.table.count == 0
