"""An association in every format, and its settings."""

from __future__ import annotations

import pytest

from ctcore.common import EventKind
from ctcore.formats import save, text, xml
from ctcore.formats.netlink import event_attributes, flow_attributes
from ctcore.netlink import attr, parse
from ctcore.testing.conversation import Conversation
from ctcore.testing.fixtures import Converse
from ctcore.testing.sctp import Association
from ctcore_sctp import Sctp
from ctcore_sctp.record import SctpState

TALK = Association()
CTA_PROTOINFO = 4
PORTS = "--sport 1000 --dport 2000 --reply-port-src 2000 --reply-port-dst 1000"


def opened(converse: Converse) -> Conversation:
    talk = converse()
    for packet in TALK.opening():
        talk.send(packet)
    return talk


def test_text(converse: Converse) -> None:
    talk = opened(converse)
    assert text.flow_line(talk.entry, talk.now) == (
        "sctp     132 210 ESTABLISHED src=10.0.1.2 dst=10.0.2.2 sport=1000 dport=2000 packets=2 bytes=96 "
        "src=10.0.2.2 dst=10.0.1.2 sport=2000 dport=1000 packets=2 bytes=100 [ASSURED] mark=0 use=1"
    )


def test_xml_names_the_state_as_tcp_would(converse: Converse) -> None:
    talk = opened(converse)
    assert "<state>FIN_WAIT</state>" in xml.flow_line(talk.entry, talk.now)


def test_save_tells_the_tags(converse: Converse) -> None:
    talk = opened(converse)
    line = save.flow_line(talk.entry, talk.now)
    assert line.endswith(f"-p sctp {PORTS} --state ESTABLISHED --orig-vtag {0xBBBB0000} --reply-vtag {0xAAAA0000}")
    events = [save.event_line(kind, talk.entry, 0, talk.now) for kind in (EventKind.UPDATE, EventKind.DESTROY)]
    assert [line.partition("-p sctp ")[2] for line in events] == [PORTS, f"{PORTS} --state ESTABLISHED"]


def test_netlink(converse: Converse) -> None:
    talk = opened(converse)
    nest = attr(1, b"\x04") + attr(2, bytes.fromhex("0000bbbb")) + attr(3, bytes.fromhex("0000aaaa"))
    assert parse(flow_attributes(talk.entry, talk.now))[CTA_PROTOINFO] == attr(3, nest, nested=True)
    gone = parse(event_attributes(EventKind.DESTROY, talk.entry, 0, talk.now))[CTA_PROTOINFO]
    assert gone == attr(3, attr(1, b"\x04"), nested=True)


def test_netlink_comes_back(converse: Converse) -> None:
    talk = opened(converse)
    l4 = talk.entry.l4
    told = dict(parse(l4.to_nlattr(talk.entry, False)))
    talk.entry.proto = SctpState()
    l4.from_nlattr(talk.entry, told)
    assert talk.flow["sctp"] == {"vtag": [0xBBBB, 0xAAAA]}
    assert talk.state == "ESTABLISHED"


@pytest.mark.parametrize(
    "nest",
    [
        b"",
        attr(1, b"\x04"),
        attr(1, b"\x09") + attr(2, bytes(4)) + attr(3, bytes(4)),
        attr(1, b"\x04") + attr(2, bytes(4)) + attr(3, bytes(3)),
    ],
)
def test_netlink_that_is_not_whole_changes_nothing(nest: bytes, converse: Converse) -> None:
    talk = opened(converse)
    talk.entry.l4.from_nlattr(talk.entry, {3: nest})
    assert (talk.state, talk.flow["sctp"]) == ("ESTABLISHED", {"vtag": [0xBBBB, 0xAAAA]})


def test_names_and_defaults(converse: Converse) -> None:
    sysctl = converse().conntrack.net.sysctl
    prefix = "net.netfilter.nf_conntrack_sctp_timeout_"
    assert {name.removeprefix(prefix): sysctl[name] for name in sysctl if name.startswith(prefix)} == {
        "closed": 10,
        "cookie_wait": 3,
        "cookie_echoed": 3,
        "established": 210,
        "shutdown_sent": 3,
        "shutdown_recd": 3,
        "shutdown_ack_sent": 3,
        "heartbeat_sent": 30,
    }


@pytest.mark.parametrize("count", range(1, 5))
def test_each_timeout_is_a_setting(count: int, converse: Converse) -> None:
    names = ("closed", "cookie_wait", "cookie_echoed", "established")
    talk = converse(**{f"nf_conntrack_sctp_timeout_{name}": 1000 + place for place, name in enumerate(names)})
    for packet in TALK.opening()[:count]:
        talk.send(packet)
    assert talk.timeout == 1000 + count - 1


def test_two_namespaces_do_not_meet() -> None:
    assert Sctp().timeouts is not Sctp().timeouts
