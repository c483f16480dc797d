"""The suites find what they are there to find: for each law a plugin that breaks it, and nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings

from ctcore import (
    Conn,
    CtInfo,
    Fields,
    Packet,
    PluginError,
    Registry,
    Status,
    Sysctl,
    Verdict,
    announce,
    expect,
    extension,
    helper,
    l3proto,
    l4proto,
    observer,
)
from ctcore.onefile import plugins_of
from ctcore.scaffold import TEMPLATES
from ctcore.testing.packets import IPv4
from ctcore.testing.suite import ExtensionSuite, HelperSuite, L3ProtoSuite, L4ProtoSuite, ObserverSuite, Suite

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp")


def template(kind: str) -> Any:
    """The plugin of a template, which keeps every law."""
    ((_, plugin),) = plugins_of(str(TEMPLATES / kind / "ctcore_skeleton" / "__init__.py"))
    return plugin


Net3: Any = template("l3proto")
Proto: Any = template("l4proto")
Help: Any = template("helper")
Ext: Any = template("extension")
Obs: Any = template("observer")
HOSTS = IPv4("192.0.2.1", "192.0.2.2")
REQUEST = HOSTS.packet(253, bytes((3, 232, 0, 7, 1, 11)) + b"hello")
ANSWER = HOSTS.back.packet(253, bytes((0, 7, 3, 232, 2, 9)) + b"you")
TALK = (HOSTS.udp(1000, 53, b"?"), HOSTS.back.udp(53, 1000, b"!"))


class Few(Suite):
    """What is broken here is broken often."""

    examples = 25


class OfL3(Few, L3ProtoSuite):
    name = "skeleton"
    ethertype = 0x88B5
    header = None
    conversation = (
        b"\x0a\0\1\2\x0a\0\2\2\0\x11\xfa\x09hello",
        b"\x0a\0\2\2\x0a\0\1\2\0\x11\xfa\x09hello",
    )


class OfL4(Few, L4ProtoSuite):
    name = "skeleton"
    header = None
    conversation = (REQUEST, ANSWER)


class OfHelper(Few, HelperSuite):
    name = "skeleton"

    def talk(self, flow: Any) -> None:
        flow.reply(b"PORT 6000\r\n")


class OfExtension(Few, ExtensionSuite):
    name = "skeleton"
    conversation = TALK


class OfObserver(Few, ObserverSuite):
    name = "skeleton"
    conversation = TALK


class Asymmetric(Proto):  # type: ignore[misc]
    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        return u[1:] + u[:1]


class SameBothWays(Proto):  # type: ignore[misc]
    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        return u


class ShortSighted(Proto):  # type: ignore[misc]
    """It reads its header without a look at how much of it is there."""

    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        return Verdict.ACCEPT if pkt.buf[dataoff + 4] in (1, 2) else self._invalid(pkt, "kind")


class Peeking(Proto):  # type: ignore[misc]
    """It looks at the whole buffer, where the packet is only a part of it."""

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        ct.mark = len(pkt.buf)
        ct.refresh_acct(pkt, ctinfo, self.timeouts[0])
        return Verdict.ACCEPT


class Mute(Proto):  # type: ignore[misc]
    @staticmethod
    def _invalid(pkt: Packet, reason: str) -> int:
        return -Verdict.ACCEPT


class Lenient(Proto):  # type: ignore[misc]
    @l4proto
    def error(self, pkt: Packet, dataoff: int) -> int:
        return Verdict.ACCEPT if pkt.avail - dataoff >= 6 else self._invalid(pkt, "short")


class Shared(Proto):  # type: ignore[misc]
    """What it remembers is not of one namespace."""

    packets: ClassVar[Iterator[int]] = itertools.count()

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        ct.mark = next(self.packets)
        ct.refresh_acct(pkt, ctinfo, self.timeouts[0])
        return Verdict.ACCEPT


class Leaving(Proto):  # type: ignore[misc]
    @l4proto
    def new(self, ct: Conn, pkt: Packet, dataoff: int) -> bool:
        ct.proto = 0
        if pkt.buf[dataoff + 4] == 2:
            ct.status |= Status.CONFIRMED
            pkt.net.table.insert(ct)
            pkt.note("refused")
            return False
        return True


class Spaced(Proto):  # type: ignore[misc]
    @l4proto
    def print_tuple(self, u: bytes) -> Fields:
        return (("source port", u[0]),)


class TwoLines(Proto):  # type: ignore[misc]
    @l4proto
    def print_conntrack(self, ct: Conn) -> str:
        return "one\ntwo"


class LostInNetlink(Proto):  # type: ignore[misc]
    @l4proto
    def nlattr_to_tuple(self, attrs: Mapping[int, bytes]) -> bytes | None:
        return bytes(4) if attrs else None


class Unexplained(Proto):  # type: ignore[misc]
    @l4proto
    def sysctls(self) -> Sequence[Sysctl]:
        return (Sysctl("nf_conntrack_skeleton_x", 3, "x", " "),)


class Immortal(Proto):  # type: ignore[misc]
    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        ct.refresh_acct(pkt, ctinfo, 1 << 60)
        return Verdict.ACCEPT


class OneWay(Net3):  # type: ignore[misc]
    @l3proto
    def invert_tuple(self, addrs: bytes) -> bytes:
        return addrs


class Trusting(Net3):  # type: ignore[misc]
    @l3proto
    def rcv(self, pkt: Packet) -> int:
        pkt.end = pkt.avail
        return Verdict.ACCEPT


class Illegible(Net3):  # type: ignore[misc]
    @l3proto
    def parse_network(self, text: str) -> tuple[bytes, bytes] | None:
        return None


class Eager(Help):  # type: ignore[misc]
    """It does not wait for the end of the line."""

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        data = bytes(pkt.buf[protoff + 20 : pkt.end])
        if data[:5] == b"PORT " and data[5:].strip().isdigit() and int(data[5:]) <= 0xFFFF:
            t = ct.tuple(int(ctinfo >= CtInfo.ESTABLISHED_REPLY))
            return announce(pkt, expect(ct, t.dst, t.src, 6, None, int(data[5:])))
        return Verdict.ACCEPT


class WrongWay(Help):  # type: ignore[misc]
    """It expects an address that nobody uses."""

    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        return Verdict.ACCEPT


class Stern(Help):  # type: ignore[misc]
    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        return Verdict.DROP if b"PORT" in pkt.buf[: pkt.end] else Verdict.ACCEPT


class Fragile(Help):  # type: ignore[misc]
    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        pkt.buf[protoff + 20 : pkt.end].decode("ascii")
        return Verdict.ACCEPT


class Secretive(Help):  # type: ignore[misc]
    @helper
    def print_private(self, ct: Conn) -> Mapping[str, Any]:
        return {"what": object()}


class Meddling(Ext):  # type: ignore[misc]
    @extension
    def packet(self, ct: Conn, data: Any, pkt: Packet) -> None:
        ct.mark += 1


class NotANumber(Ext):  # type: ignore[misc]
    @extension
    def dump(self, data: Any) -> Mapping[str, Any]:
        return {"latency": float("nan")}


class WithASpace(Ext):  # type: ignore[misc]
    @extension
    def column(self, data: Any) -> Fields:
        return (("latency", "3 ms"),)


class Absent(Ext):  # type: ignore[misc]
    @extension
    def create(self, ct: Conn) -> None:
        return None


class Counting(Obs):  # type: ignore[misc]
    counter = itertools.count()

    @observer
    def packet_seen(self, pkt: Packet, verdict: int) -> None:
        if pkt.ct is not None:
            pkt.ct.mark = next(self.counter)


class Unprepared(Obs):  # type: ignore[misc]
    @observer
    def net_exit(self) -> None:
        raise ValueError("not yet")


class Touching(Obs):  # type: ignore[misc]
    @observer
    def packet_seen(self, pkt: Packet, verdict: int) -> None:
        if pkt.ct is not None:
            pkt.ct.timeout += 9_000_000_000


BROKEN: list[tuple[type[Suite], str, str, Any]] = [
    (OfL4, "l4proto", "test_inverting_twice_gives_the_tuple_back", Asymmetric),
    (OfL4, "l4proto", "test_both_directions_have_inverse_tuples", SameBothWays),
    (OfL4, "l4proto", "test_any_bytes_have_a_verdict", ShortSighted),
    (OfL4, "l4proto", "test_nothing_is_read_beyond_a_packets_ends", Peeking),
    (OfL4, "l4proto", "test_any_bytes_have_a_verdict", Mute),
    (OfL4, "l4proto", "test_each_cut_is_invalid_with_a_reason", Lenient),
    (OfL4, "l4proto", "test_the_same_packets_have_the_same_answer", Shared),
    (OfL4, "l4proto", "test_two_namespaces_do_not_meet", Shared),
    (OfL4, "l4proto", "test_what_is_refused_leaves_nothing", Leaving),
    (OfL4, "l4proto", "test_tuples_are_printed", Spaced),
    (OfL4, "l4proto", "test_every_flow_can_be_shown_in_every_format", TwoLines),
    (OfL4, "l4proto", "test_tuples_come_back_from_netlink", LostInNetlink),
    (OfL4, "l4proto", "test_every_setting_is_explained_and_has_its_default", Unexplained),
    (OfL4, "l4proto", "test_a_flow_begins_and_ends", Immortal),
    (OfL3, "l3proto", "test_both_directions_have_inverse_tuples", OneWay),
    (OfL3, "l3proto", "test_both_directions_meet_in_one_flow", OneWay),
    (OfL3, "l3proto", "test_each_cut_is_refused_with_a_reason", Trusting),
    (OfL3, "l3proto", "test_a_printed_address_can_be_read", Illegible),
    (OfHelper, "helper", "test_half_a_line_announces_nothing_else", Eager),
    (OfHelper, "helper", "test_what_is_announced_is_related", WrongWay),
    (OfHelper, "helper", "test_the_helper_lets_the_conversation_pass", Stern),
    (OfHelper, "helper", "test_any_bytes_have_a_verdict", Fragile),
    (OfHelper, "helper", "test_what_it_knows_of_a_flow_can_be_shown", Secretive),
    (OfExtension, "extension", "test_watching_changes_nothing", Meddling),
    (OfExtension, "extension", "test_its_figures_can_be_shown", NotANumber),
    (OfExtension, "extension", "test_its_figures_can_be_shown", WithASpace),
    (OfExtension, "extension", "test_it_keeps_data_for_the_flows_that_it_chose", Absent),
    (OfObserver, "observer", "test_two_namespaces_do_not_meet", Counting),
    (OfObserver, "observer", "test_watching_changes_nothing", Touching),
    (OfObserver, "observer", "test_namespaces_come_and_go", Unprepared),
]
GOOD: dict[type[Suite], Any] = {OfL3: Net3, OfL4: Proto, OfHelper: Help, OfExtension: Ext, OfObserver: Obs}


@pytest.fixture
def _first_example() -> Iterator[None]:
    """The first example that breaks a law will do; it need not become the smallest one."""
    settings.register_profile("first example", settings.get_profile("ctcore"), phases=[Phase.generate])
    settings.load_profile("first example")
    yield
    settings.load_profile("ctcore")


def with_plugin(kind: str, plugin: Any) -> Registry:
    registry = Registry.load(strict=True)
    registry.add(kind, plugin)
    return registry


@pytest.mark.usefixtures("_first_example")
@pytest.mark.parametrize(("of", "kind", "law", "plugin"), BROKEN, ids=[f"{row[2]}-{row[3].__name__}" for row in BROKEN])
def test_a_law_that_is_broken_is_found_broken(of: type[Suite], kind: str, law: str, plugin: Any) -> None:
    getattr(of(), law)(with_plugin(kind, GOOD[of]))
    with pytest.raises((AssertionError, PluginError, TypeError, ValueError)):
        getattr(of(), law)(with_plugin(kind, plugin))


class OverUdp(Help):  # type: ignore[misc]
    @helper
    def help(self, pkt: Packet, protoff: int, ct: Conn, ctinfo: int) -> int:
        if ctinfo != CtInfo.ESTABLISHED_REPLY or pkt.end - protoff == 20:
            return Verdict.ACCEPT
        return announce(pkt, expect(ct, ct.tuple(0).src, ct.tuple(0).dst, 17, None, 6000))


def test_a_protocol_that_is_not_installed_is_named() -> None:
    registry = Registry.load(strict=True, without=["udp"])
    registry.add("helper", OverUdp)
    with pytest.raises(AssertionError, match=r"(?m)^nothing tracks what is expected: pip install ctcore-udp$"):
        OfHelper().test_what_is_announced_is_related(registry)


def test_a_helper_of_another_name_is_named() -> None:
    registry = Registry()
    for info in Registry.load(strict=True).plugins:
        if info.kind != "helper":
            registry.add(info.kind, info.factory, info.name)
    registry.add("helper", type("Other", (Help,), {"name": "other"}))
    with pytest.raises(AssertionError, match=r"^no helper named 'skeleton' over any protocol: there are other over 6$"):
        OfHelper().slot(registry)


def test_a_header_that_does_not_build_what_it_parses() -> None:
    from construct import Byte, Computed, ExprAdapter, Struct

    from ctcore import Header
    from ctcore.testing.suite.base import check_header

    check_header(Header(Struct("a" / Byte, "b" / Computed(1))), 20)
    lossy = Header(Struct("a" / Byte))
    lossy.declaration = Struct("a" / ExprAdapter(Byte, lambda byte, _: byte & 0x7F, lambda byte, _: byte))
    with pytest.raises(AssertionError):
        check_header(lossy, 200)


def test_a_law_is_skipped_only_with_a_reason() -> None:
    with pytest.raises(TypeError, match="there is no law test_nosuch to skip"):
        type("A", (L4ProtoSuite,), {"skips": {"test_nosuch": "why not"}})
    with pytest.raises(TypeError, match="test_tuples_are_printed is skipped without a reason"):
        type("A", (L4ProtoSuite,), {"skips": {"test_tuples_are_printed": " "}})


SKIPPING = """
from ctcore.testing.suite import ObserverSuite

class TestIt(ObserverSuite):
    name = "acct"
    conversation = (b"?", b"!")
    examples = 3
    skips = {law: "not today" for law in dir(ObserverSuite) if law.startswith("test_") and "loaded" not in law}
"""


def test_the_reason_is_shown(tmp_path: Any) -> None:
    import subprocess
    import sys

    (tmp_path / "test_it.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout
    assert "not today" in done.stdout
    assert "1 passed, 8 skipped" in done.stdout
