"""Expectations, without a kernel: what conntrack and the kernel print, as recorded."""

from __future__ import annotations

import pytest

from ctcore.common import EventKind
from ctcore.expect import Expectation
from ctcore.formats import expects, proc, xml
from ctcore.formats.output import Output
from ctcore.sysctl import SECOND
from ctcore.tuples import Tuple
from tests.replaying import CLIENT, START, Replay, with_helper

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")


def expectation(replay: Replay, class_name: str = "") -> Expectation:
    master = with_helper(replay.feed(CLIENT.tcp(1000, 21, "S", 10)), "ftp", class_name)
    src, dst = CLIENT.back.addresses[:4], CLIENT.back.addresses[4:]
    wanted = Tuple(src, dst, b"\0\0", (1234).to_bytes(2, "big"), 2, 6)
    exp = Expectation(master, wanted, b"\xff" * 4, b"\0\0")
    exp.expires = replay.now + 300 * SECOND - 1
    return exp


def test_expectations() -> None:
    replay = Replay()
    exp = expectation(replay)
    tuple_ = "src=10.0.2.2 dst=10.0.1.2 sport=0 dport=1234 "
    rest = (
        f"proto=6 {tuple_}mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 "
        "master-src=10.0.1.2 master-dst=10.0.2.2 sport=1000 dport=21 %sclass=0 helper=ftp"
    )
    assert expects.text_line(exp, replay.now) == "299 " + rest % ""
    assert expects.text_line(exp, exp.expires, kind=EventKind.DESTROY) == "[DESTROY] 0 " + rest % ""
    now = START // SECOND * SECOND + 17_279_000
    assert expects.text_line(exp, now, Output(timestamp=True)).startswith("[1795374720.17279 ]\t300 proto=6 ")
    assert proc.expect_line(exp, replay.now) == f"299 l3proto = 2 proto=6 {tuple_}ftp"
    exp.flags = 3
    assert expects.text_line(exp, replay.now) == "299 " + rest % "PERMANENT,INACTIVE "
    assert proc.expect_line(exp, replay.now) == f"299 l3proto = 2 proto=6 {tuple_}PERMANENT,INACTIVE ftp"
    with_helper(exp.master, "sip", "signalling")
    assert proc.expect_line(exp, replay.now).endswith(" PERMANENT,INACTIVE sip/signalling")
    exp.flags, exp.master.ext = 0, None
    assert proc.expect_line(exp, replay.now) == f"299 l3proto = 2 proto=6 {tuple_}"


def test_expectations_as_xml() -> None:
    replay = Replay()
    exp = expectation(replay)
    exp.flags = 1
    line = (
        '<layer3 protonum="2" protoname="ipv4"><expected><src>10.0.2.2</src><dst>10.0.1.2</dst></expected>'
        "<mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask>"
        "<master><src>10.0.1.2</src><dst>10.0.2.2</dst></master></layer3>"
        '<layer4 protonum="6" protoname="tcp"><expected><sport>0</sport><dport>1234</dport></expected>'
        "<mask><sport>0</sport><dport>65535</dport></mask><master><sport>1000</sport><dport>21</dport></master>"
        "</layer4><meta><helper-name>ftp</helper-name><timeout>299</timeout><class>0</class>%s<permanent/></meta>"
        "</flow>"
    )
    assert expects.xml_line(exp, replay.now) == "<flow>" + line % ""
    timed = expects.xml_line(exp, replay.now, Output(timestamp=True), EventKind.NEW)
    assert timed == '<flow type="new">' + line % xml.when(replay.now)
