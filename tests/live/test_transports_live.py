"""SCTP, GRE and UDP-Lite in every format against conntrack and /proc: the same flows, printed by both."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ctcore.common import EventKind
from ctcore.formats import netlink, proc
from ctcore.netns import Net
from ctcore.testing.packets import IPv4, IPv6
from ctcore.testing.tunnels import GRE, gre, pptp_gre, udplite
from ctcore.verify.netlink import attributes
from tests.live.loading import Loader, event_of
from tests.live.scene import Listener, Scene, opened
from tests.live.test_formats_live import (
    SYNPROXY,
    framed,
    needs_conntrack,
    options_for,
    output_of,
    steadily,
)

__all__ = ["needs_conntrack"]

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "ipv6", "sctp", "gre", "udplite")]

OPTIONS = ("", "extended", "save", "xml")
CREATED = (
    "-p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 --state ESTABLISHED --orig-vtag 5 --reply-vtag 6 -t 1000",
    "-p gre -s 10.0.0.1 -d 10.0.0.2 --srckey 17 --dstkey 4097 -t 1000",
    "-p udplite -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 -t 1000 -u SEEN_REPLY,ASSURED",
)
CLIENT, CLIENT6 = IPv4("10.0.1.2", "10.0.2.2"), IPv6("2001:db8:1::2", "2001:db8:2::2")


def packets() -> Iterator[bytes]:
    """An association for each state that there is, tunnels, datagrams."""
    from ctcore.testing.sctp import Association  # the library for CRC32c comes with the plugin

    for count in range(1, 8):
        talk = Association(ports=(1000 + count, 2000))
        yield from (*talk.opening(), *talk.closing())[:count]
    other = Association(ports=(1010, 2000))
    yield from (*other.opening(), *other.closing(1)[:1])
    yield Association(ports=(1011, 2000)).heartbeat()
    for ip in (CLIENT, CLIENT.back, CLIENT):
        yield ip.packet(GRE, gre(b"data"))
    yield CLIENT.packet(GRE, pptp_gre(0x1234))
    for ip, ports in ((CLIENT, (1, 2)), (CLIENT.back, (2, 1)), (CLIENT, (3, 4))):
        yield udplite(ip, *ports, b"data")
    yield Association(CLIENT6).init()
    yield CLIENT6.packet(GRE, pptp_gre(0x1234))
    yield udplite(CLIENT6, 1, 2, b"data")


@pytest.fixture
def scene(needs_conntrack: None, net: Net) -> Iterator[Scene]:
    """A router with flows of these protocols in it."""
    with opened(net) as made:
        made.make_flows(packets(), CREATED)
        yield made


@pytest.mark.parametrize("option", OPTIONS)
def test_lists(scene: Scene, option: str) -> None:
    form, output = output_of(option)

    def ours() -> list[str]:
        return scene.ours(lambda loader, message: form.flow_line(loader.flow(message), loader.now, output))

    printed, theirs = steadily(ours, lambda: scene.conntrack("-L", *options_for(option)))
    assert framed(form, printed) == [_named(line) for line in theirs]
    assert len(printed) == 9 + 2 + 2 + 3 + len(CREATED)


def test_proc(scene: Scene) -> None:
    def ours() -> list[str]:
        return scene.ours(lambda loader, message: proc.flow_line(loader.flow(message), loader.now))

    printed, theirs = steadily(ours, lambda: scene.proc("nf_conntrack"))
    made_by_hand = {line for line in theirs if "timeout=0, stream_timeout=0" in line}  # a program tells GRE no timeouts
    assert len(made_by_hand) == 1
    assert set(theirs) - set(printed) == made_by_hand


def test_netlink_dump(scene: Scene) -> None:
    for message in scene.dump():
        theirs = {kind: data for kind, data in message.attributes.items() if kind != SYNPROXY}
        now = time.time_ns()
        ours = attributes(netlink.flow_attributes(Loader(scene.net, now).flow(message), now))
        assert list(ours.items()) == list(theirs.items())


def test_events(needs_conntrack: None, net: Net) -> None:
    with opened(net) as scene, Listener(scene, [options_for(option) for option in OPTIONS]) as listener:
        scene.make_flows(packets(), CREATED)
        scene.conntrack("-F")
        messages, printed = listener.stop()
    assert {event_of(message)[0] for message in messages} == set(EventKind)
    for option, found in zip(OPTIONS, printed, strict=True):
        form, output = output_of(option)
        around = framed(form, [])
        lines = [line.partition(" [USERSPACE]")[0] for line in found if line not in around]
        ours = []
        for message in messages:
            kind, mask = event_of(message)
            now = time.time_ns()
            ours.append(form.event_line(kind, Loader(net, now).flow(message), mask, now, output))
        assert [_steady(_named(line)) for line in lines] == [_steady(line) for line in ours]


def _named(line: str) -> str:
    """A line with the one state that conntrack 1.4.7 has no name for when it saves: it prints a null pointer there."""
    return line.replace("--state (null)", "--state HEARTBEAT_SENT")


def _steady(line: str) -> str:
    """A line without its delta-time, which is by the clock of who prints it."""
    words = (word for word in line.replace("</deltatime>", " ").split() if not word.startswith("delta-time="))
    return " ".join(word.partition("<deltatime>")[0] for word in words)
