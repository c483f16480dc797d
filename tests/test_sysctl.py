"""Settings: names, defaults, units, ranges and the sentences for what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcore import Net, Registry, Sysctl, SysctlError
from ctcore.sysctl import SECOND, Sysctls, switch, timeout
from tests.toy import ToyNet

# name: default, minimum, maximum (kernel behaviour; sizes of a machine with more than 4 GiB)
CORE = {
    "nf_conntrack_max": (262144, 0, 2**31 - 1),
    "nf_conntrack_buckets": (262144, 1, 2**31 - 1),
    "nf_conntrack_checksum": (1, 0, 1),
    "nf_conntrack_log_invalid": (0, 0, 255),
    "nf_conntrack_expect_max": (4096, 1, 2**31 - 1),
    "nf_conntrack_acct": (0, 0, 1),
    "nf_conntrack_events": (2, 0, 2),
    "nf_conntrack_timestamp": (0, 0, 1),
    "nf_conntrack_helper": (0, 0, 1),
    "nf_conntrack_generic_timeout": (600, 0, 2**32 - 1),
}
TCP = {
    "nf_conntrack_tcp_timeout_syn_sent": (120, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_syn_recv": (60, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_established": (432000, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_fin_wait": (120, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_close_wait": (60, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_last_ack": (30, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_time_wait": (120, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_close": (10, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_max_retrans": (300, 0, 2**32 - 1),
    "nf_conntrack_tcp_timeout_unacknowledged": (300, 0, 2**32 - 1),
    "nf_conntrack_tcp_loose": (1, 0, 1),
    "nf_conntrack_tcp_be_liberal": (0, 0, 1),
    "nf_conntrack_tcp_ignore_invalid_rst": (0, 0, 1),
    "nf_conntrack_tcp_max_retrans": (3, 0, 255),
}
UDP = {
    "nf_conntrack_udp_timeout": (30, 0, 2**32 - 1),
    "nf_conntrack_udp_timeout_stream": (120, 0, 2**32 - 1),
}
ICMP = {"nf_conntrack_icmp_timeout": (30, 0, 2**32 - 1)}
SCTP = {
    "nf_conntrack_sctp_timeout_closed": (10, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_cookie_wait": (3, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_cookie_echoed": (3, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_established": (210, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_shutdown_sent": (3, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_shutdown_recd": (3, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_shutdown_ack_sent": (3, 0, 2**32 - 1),
    "nf_conntrack_sctp_timeout_heartbeat_sent": (30, 0, 2**32 - 1),
}
GRE = {
    "nf_conntrack_gre_timeout": (30, 0, 2**32 - 1),
    "nf_conntrack_gre_timeout_stream": (180, 0, 2**32 - 1),
}
DCCP = {
    "nf_conntrack_dccp_timeout_request": (240, 0, 2**32 - 1),
    "nf_conntrack_dccp_timeout_respond": (480, 0, 2**32 - 1),
    "nf_conntrack_dccp_timeout_partopen": (480, 0, 2**32 - 1),
    "nf_conntrack_dccp_timeout_open": (43200, 0, 2**32 - 1),
    "nf_conntrack_dccp_timeout_closereq": (64, 0, 2**32 - 1),
    "nf_conntrack_dccp_timeout_closing": (64, 0, 2**32 - 1),
    "nf_conntrack_dccp_timeout_timewait": (240, 0, 2**32 - 1),
    "nf_conntrack_dccp_loose": (1, 0, 1),
}
IPV6 = {
    "nf_conntrack_frag6_timeout": (60, 0, 2**32 - 1),
}
THRESHOLDS = {"ipv4": "net.ipv4.ipfrag", "ipv6": "net.netfilter.nf_conntrack_frag6"}
ICMPV6 = {"nf_conntrack_icmpv6_timeout": (30, 0, 2**32 - 1)}


def rows(plugin: str, table: dict[str, tuple[int, int, int]]) -> list[object]:
    marks = [pytest.mark.plugins(plugin)] if plugin else []
    return [pytest.param(name, *values, marks=marks, id=name) for name, values in table.items()]


EVERY = pytest.mark.parametrize(
    ("name", "default", "minimum", "maximum"),
    [
        *rows("", CORE),
        *rows("ipv6", IPV6),
        *rows("tcp", TCP),
        *rows("udp", UDP),
        *rows("icmp", ICMP),
        *rows("icmpv6", ICMPV6),
        *rows("sctp", SCTP),
        *rows("gre", GRE),
        *rows("dccp", DCCP),
    ],
)


@EVERY
def test_default_and_range(net: Net, name: str, default: int, minimum: int, maximum: int) -> None:
    assert net.sysctl[name] == default
    for value in (minimum, maximum):
        net.sysctl[name] = value
        stored = net.sysctl[name]
        assert stored == (value if name != "nf_conntrack_buckets" else -(-value // 512) * 512)
    for value in (minimum - 1, maximum + 1):
        with pytest.raises(SysctlError, match=rf"cannot be {value}: it must be from {minimum} to {maximum}"):
            net.sysctl[name] = value


@EVERY
def test_unit(net: Net, name: str, default: int, minimum: int, maximum: int) -> None:
    assert net.sysctl.find(name).unit == ("seconds" if "timeout" in name else "")


@pytest.mark.parametrize("prefix", [pytest.param(p, marks=pytest.mark.plugins(name)) for name, p in THRESHOLDS.items()])
def test_a_threshold_does_not_pass_the_other(net: Net, prefix: str) -> None:
    """``tests/live/test_kernel.py`` asks the kernel, which refuses such a value (EINVAL)."""
    low, high = f"{prefix}_low_thresh", f"{prefix}_high_thresh"
    assert (net.sysctl[low], net.sysctl[high], net.sysctl.find(low).unit) == (3145728, 4194304, "bytes")
    for name, value, span in (
        (low, 4194305, "0 to 4194304"),
        (high, 3145727, f"3145728 to {2**64 - 1}"),
        (high, 2**64, f"3145728 to {2**64 - 1}"),
        (low, -1, "0 to 4194304"),
    ):
        with pytest.raises(SysctlError, match=f"{name} cannot be {value}: it must be from {span} bytes"):
            net.sysctl[name] = value
    for name, value in ((low, 4194304), (high, 2**64 - 1), (low, 2**64 - 1), (low, 0), (high, 0)):
        net.sysctl[name] = value
        assert net.sysctl[name] == value


def test_no_other_core_setting(net: Net) -> None:
    core = Net(Registry())
    assert {name.rpartition(".")[2] for name in core.sysctl} == {*CORE, "nf_conntrack_count"}


@pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "dccp")
def test_no_other_setting_of_the_plugins(net: Net) -> None:
    known = {*CORE, *IPV6, *TCP, *UDP, *ICMP, *ICMPV6, *SCTP, *GRE, *DCCP, "nf_conntrack_count"}
    known |= {"nf_conntrack_frag6_low_thresh", "nf_conntrack_frag6_high_thresh"}
    assert {name for name in net.sysctl if name.startswith("net.netfilter.")} == {f"net.netfilter.{n}" for n in known}
    assert net.sysctl["net.ipv4.ipfrag_time"] == 30


def test_every_setting_of_every_plugin_is_explained(net: Net) -> None:
    for name in net.sysctl:
        sysctl = net.sysctl.find(name)
        assert len(sysctl.doc) > 3, f"{name} has no text"
        assert not sysctl.doc.endswith("."), f"{name}: a phrase, not a sentence"
        assert sysctl.read_only or sysctl.minimum <= sysctl.default <= sysctl.maximum


@pytest.mark.parametrize(
    "name",
    [
        "nf_conntrack_acct",
        "net.netfilter.nf_conntrack_acct",
        "net/netfilter/nf_conntrack_acct",
    ],
)
def test_spellings_of_a_name(name: str) -> None:
    net = Net(Registry())
    net.sysctl[name] = 1
    assert net.acct == 1
    assert net.sysctl["nf_conntrack_acct"] == 1


def test_the_maximum_has_its_second_name() -> None:
    net = Net(Registry())
    net.sysctl["net.nf_conntrack_max"] = 5
    assert net.table.maximum == 5


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("nf_conntrack_acct", "a sysctl is set as NAME=VALUE, not 'nf_conntrack_acct'"),
        ("=1", "a sysctl is set as NAME=VALUE, not '=1'"),
        ("nf_conntrack_acct=on", "sysctl nf_conntrack_acct needs a whole number, not 'on'"),
        ("nf_conntrack_acct=", "sysctl nf_conntrack_acct needs a whole number, not ''"),
        ("nf_conntrack_acct=2", "sysctl net.netfilter.nf_conntrack_acct cannot be 2: it must be from 0 to 1"),
        (
            "nf_conntrack_generic_timeout=-1",
            "sysctl net.netfilter.nf_conntrack_generic_timeout cannot be -1: it must be from 0 to 4294967295 seconds",
        ),
        ("nf_conntrack_count=1", "sysctl net.netfilter.nf_conntrack_count can only be read"),
        ("nf_conntrack_act=1", "unknown sysctl nf_conntrack_act; did you mean nf_conntrack_acct?"),
        ("zzz=1", "unknown sysctl zzz"),
    ],
)
def test_what_cannot_be_is_one_sentence(assignment: str, sentence: str) -> None:
    with pytest.raises(SysctlError) as caught:
        Net(Registry()).sysctl.set_text(assignment)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "text", ["nf_conntrack_acct=1", " nf_conntrack_acct = 1 ", "net/netfilter/nf_conntrack_acct=1"]
)
def test_what_a_person_types(text: str) -> None:
    net = Net(Registry())
    net.sysctl.set_text(text)
    assert net.acct == 1


def test_count_can_be_read(toy: ToyNet) -> None:
    toy.send(sport=1)
    toy.send(sport=2)
    assert toy.net.sysctl["nf_conntrack_count"] == 2


def test_it_is_a_mapping_in_order() -> None:
    sysctl = Net(Registry()).sysctl
    assert list(sysctl) == sorted(sysctl)
    assert len(sysctl) == len(dict(sysctl)) == len(CORE) + 1
    assert "net.netfilter.nf_conntrack_acct" in sysctl


def test_a_name_is_declared_once() -> None:
    sysctls = Sysctls()
    owner = type("Owner", (), {})()
    sysctls.declare(owner, switch("nf_x", 0, "x", "a switch"))
    with pytest.raises(SysctlError, match=r"^sysctl net\.netfilter\.nf_x is declared twice$"):
        sysctls.declare(owner, switch("nf_x", 0, "y", "another"))


@given(st.integers(0, 2**32 - 1))
def test_a_timeout_is_seconds_outside_and_nanoseconds_inside(seconds: int) -> None:
    owner = type("Owner", (), {"timeouts": [0, 0], "part": type("Part", (), {"deep": 0})()})()
    sysctls = Sysctls()
    sysctls.declare(owner, timeout("nf_one", 5, "timeouts", "one", 1))
    sysctls.declare(owner, Sysctl("net.ipv4.deep", 1, "part.deep", "deep", scale=1000, maximum=2**32))
    assert (owner.timeouts, owner.part.deep) == ([0, 5 * SECOND], 1000)
    sysctls["nf_one"] = sysctls["net.ipv4.deep"] = seconds
    assert owner.timeouts == [0, seconds * SECOND]
    assert owner.part.deep == seconds * 1000
    assert sysctls["nf_one"] == sysctls["deep"] == seconds


def test_new_values_hold_for_later_refreshes(toy: ToyNet) -> None:
    ct = toy.send().entry
    assert ct is not None
    toy.net.sysctl["nf_conntrack_toy_timeout"] = 3
    assert ct.remaining(toy.time) == 10 * SECOND
    toy.send()
    assert ct.remaining(toy.time) == 3 * SECOND
