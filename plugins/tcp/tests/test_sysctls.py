"""Every sysctl has its effect, and timeouts that are not those of a state alone."""

from __future__ import annotations

import pytest

from ctcore import ExtId, Hook, HookOps, Packet, Priority, SysctlError
from ctcore.extensions.timeout import TimeoutPolicy
from ctcore.netfilter import ACCEPT
from ctcore.testing.conversation import SECOND
from ctcore.testing.fixtures import Converse

PREFIX = "net.netfilter.nf_conntrack_tcp_"
HANDSHAKE = "> S 100 0; < SA 500 101; > A 101 501"
FINS = f"{HANDSHAKE}; > FA 101 501; < FA 501 102"
REPEATED = f"{HANDSHAKE}; > A 101 501; > A 101 501; > A 101 501"

# A timeout's name, its default in seconds, and segments after which a flow has it.
TIMEOUTS = {
    "syn_sent": (120, "> S 100 0"),
    "syn_recv": (60, "> S 100 0; < SA 500 101"),
    "established": (432000, HANDSHAKE),
    "fin_wait": (120, f"{HANDSHAKE}; > FA 101 501"),
    "close_wait": (60, f"{HANDSHAKE}; > FA 101 501; < A 501 102"),
    "last_ack": (30, FINS),
    "time_wait": (120, f"{FINS}; > A 102 502"),
    "close": (10, f"{HANDSHAKE}; > R 101 0"),
    "max_retrans": (300, REPEATED),
    "unacknowledged": (300, "> A 101 501"),
}
RULES = {"loose": 1, "be_liberal": 0, "ignore_invalid_rst": 0, "max_retrans": 3}


def test_names_and_defaults(converse: Converse) -> None:
    sysctl = converse().conntrack.net.sysctl
    found = {name.removeprefix(PREFIX): sysctl[name] for name in sysctl if name.startswith(PREFIX)}
    timeouts = {f"timeout_{name}": default for name, (default, _) in TIMEOUTS.items()}
    assert found == {**timeouts, **RULES}


@pytest.mark.parametrize("name", TIMEOUTS)
def test_timeouts(name: str, converse: Converse) -> None:
    default, script = TIMEOUTS[name]
    talk = converse()
    talk.tcp(script)
    assert talk.timeout == default
    talk = converse(**{f"nf_conntrack_tcp_timeout_{name}": 77})
    talk.tcp(script)
    assert talk.timeout == 77
    assert talk.entry.timeout == talk.now + 77 * SECOND


def test_unacknowledged_data(converse: Converse) -> None:
    """It caps the timeout until the other side has acknowledged all of it, whoever sends in between."""
    talk = converse(nf_conntrack_tcp_timeout_unacknowledged=77)
    talk.tcp(HANDSHAKE)
    talk.client.tcp("PA", 101, 501, data=b"twelve bytes")
    assert talk.timeout == 77
    talk.tcp("< A 501 107")
    assert talk.timeout == 77
    talk.tcp("< A 501 113")
    assert talk.timeout == 432000
    talk.server.tcp("PA", 501, 113, data=b"x")
    talk.client.tcp("A", 113, 501)
    assert talk.timeout == 77
    talk.client.tcp("A", 113, 502)
    assert talk.timeout == 432000


def test_a_flow_picked_up_has_that_timeout_until_it_is_assured(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_timeout_unacknowledged=77)
    for segment, timeout in (("> A 101 501", 77), ("< A 501 101", 77), ("> A 101 501", 432000)):
        talk.tcp(segment)
        assert talk.timeout == timeout
        assert ("ASSURED" in talk.status) == (timeout == 432000)


def test_a_timeout_that_is_shorter_anyway_is_no_further_cut(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_timeout_unacknowledged=200)
    talk.tcp(HANDSHAKE)
    talk.client.tcp("FA", 101, 501, data=b"x")
    assert (talk.state, talk.timeout) == ("FIN_WAIT", 120)


@pytest.mark.parametrize("limit", [0, 1, 2, 5])
def test_max_retrans(limit: int, converse: Converse) -> None:
    """The timeout is cut with the segment that repeats the one before for so many times."""
    talk = converse(nf_conntrack_tcp_max_retrans=limit)
    talk.tcp(HANDSHAKE)
    repeated = 0
    while talk.timeout == 432000:
        talk.tcp("> A 101 501")
        repeated += 1
    assert (talk.timeout, repeated) == (300, limit)


@pytest.mark.parametrize("other", ["< A 501 101", "> A 100 501", "> A 101 500", "> PA 101 501"])
def test_only_the_very_same_segment_is_a_repetition(other: str, converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_max_retrans=2)
    talk.tcp(f"{HANDSHAKE}; > A 101 501; {other}; > A 101 501")
    assert talk.timeout == (300 if other == "> PA 101 501" else 432000)


def test_another_window_is_no_repetition(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_max_retrans=1)
    talk.tcp(HANDSHAKE)
    talk.client.tcp("A", 101, 501, window=9)
    assert talk.timeout == 432000


def test_a_shut_window(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_timeout_max_retrans=77)
    talk.tcp(HANDSHAKE)
    talk.server.tcp("A", 501, 101, window=0)
    assert talk.timeout == 77
    talk.server.tcp("A", 501, 101, window=1)
    assert talk.timeout == 432000


def test_loose(converse: Converse) -> None:
    result = converse(nf_conntrack_tcp_loose=0).tcp("> A 101 501")
    assert (result.state, result.entry) == ("invalid", None)
    assert "nf_conntrack_tcp_loose" in result.reasons[0]
    assert converse(nf_conntrack_tcp_loose=0).tcp("> S 101 0").state == "new"


def test_be_liberal(converse: Converse) -> None:
    for liberal, state in ((0, "invalid"), (1, "established")):
        talk = converse(nf_conntrack_tcp_be_liberal=liberal)
        assert talk.tcp(f"{HANDSHAKE}; > A 900000 501").state == state


def test_ignore_invalid_rst(converse: Converse) -> None:
    for ignore, state in ((0, "invalid"), (1, "established")):
        talk = converse(nf_conntrack_tcp_ignore_invalid_rst=ignore)
        assert talk.tcp(f"{HANDSHAKE}; > R 50 0").state == state


@pytest.mark.parametrize(("name", "value"), [("loose", 2), ("max_retrans", 256), ("timeout_close", -1)])
def test_what_they_cannot_be(name: str, value: int, converse: Converse) -> None:
    with pytest.raises(SysctlError, match=name):
        converse(**{f"nf_conntrack_tcp_{name}": value})


def test_a_simultaneous_open_has_no_sysctl(converse: Converse) -> None:
    talk = converse(nf_conntrack_tcp_timeout_syn_sent=77)
    talk.tcp("> S 100 0; < S 500 0")
    assert (talk.state, talk.timeout) == ("SYN_SENT2", 77)  # the second SYN is not counted as a reply
    talk.tcp("< S 500 0")
    assert (talk.state, talk.timeout) == ("SYN_SENT2", 120)


def test_a_policy_takes_the_place_of_the_sysctls(converse: Converse) -> None:
    talk = converse()
    net = talk.conntrack.net
    template = net.template()
    policy = TimeoutPolicy("short", [seconds * SECOND for seconds in range(10, 24)])
    template.ext_add(ExtId.TIMEOUT, policy)

    def attach(pkt: Packet) -> int:
        pkt.ct = template
        return ACCEPT

    net.l3protos[0x0800].hooks.register([HookOps(Hook.PRE_ROUTING, Priority.RAW, attach)])
    seen = []
    for segment in (*FINS.split("; "), "> A 102 502", "> R 0 0"):
        talk.tcp(segment)
        seen.append((talk.state, talk.timeout))
    assert seen == [
        ("SYN_SENT", 11),
        ("SYN_RECV", 12),
        ("ESTABLISHED", 13),
        ("FIN_WAIT", 14),
        ("LAST_ACK", 16),
        ("TIME_WAIT", 17),
        ("CLOSE", 18),
    ]
