"""Helpers against the running kernel: with the same helper on both sides there is no difference in any field."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctcore.errors import CtcoreError
from ctcore.helper import Assignment
from ctcore.testing.packets import IPv4
from ctcore.verify.fuzz.command import main
from ctcore.verify.fuzz.hunt import Hunt
from ctcore.verify.fuzz.profiles import HELPED
from ctcore.verify.fuzz.run import Rounds
from ctcore.verify.kernel import Kernel
from tests.recorded.make import helped
from tests.test_cli import run

HELPERS = ("ftp", "tftp", "irc", "amanda", "sip", "sane", "gre", "pptp")
pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", *HELPERS)]

SEED = 20261
HOSTS = IPv4("10.0.1.2", "10.0.2.2")
READ = b"\0\1name\0octet\0"


@pytest.mark.parametrize("capture", helped(), ids=lambda path: path.name)
def test_the_captures(capture: Path) -> None:
    options = [word for name in helped()[capture] for word in ("--helper", name)]
    done = run("verify", *options, capture)
    assert (done.status, done.err) == (0, "")
    assert done.lines[0].endswith(" packets, no difference")
    compared = {line[:32].strip(): line.split()[-2:] for line in done.lines[3:]}
    assert int(compared["events"][0]) > 10
    assert {"helper", "master", "expectations", "statistics expect_new"} <= compared.keys()


@pytest.mark.parametrize("vary", [False, True], ids=["default settings", "varied settings"])
@pytest.mark.parametrize("profile", HELPED)
def test_no_difference(profile: str, vary: bool) -> None:
    hunt = Hunt(profile, SEED, vary=vary)
    assert [str(outcome.difference) for _, outcome in hunt.differences(2000)] == []
    assert hunt.packets == 2000


def test_a_fault_is_found_and_its_test_case_names_the_helper(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from ctcore_tftp import helper

    monkeypatch.setattr(helper, "REQUESTS", (b"\0\1",))
    assert main(["--profile", "tftp", "--packets", "5000", "--seed", "1"]) == 1
    out = capsys.readouterr().out
    assert "HELPERS = ('tftp',)" in out
    assert "events: kernel" in out


def test_a_helper_is_given_by_port_and_protocol() -> None:
    rounds = Rounds()
    rounds.helpers = ("tftp:udp:70",)
    packets = [HOSTS.udp(1000, port, READ) for port in (69, 70)]
    outcome = rounds.run([*packets, HOSTS.back.udp(9, 1000, b"x")])
    assert outcome.difference is None
    assert [len(record["events"]) for record in outcome.ctcore] == [1, 2, 2]


def test_a_flow_that_was_expected_is_given_none_for_its_port() -> None:
    """As by a template of the raw table; the rule of the kernel's side leaves RELATED flows out for that."""
    rounds = Rounds()
    rounds.helpers = ("tftp",)
    packets = [HOSTS.udp(69, 69, READ), HOSTS.back.udp(1234, 69, READ), HOSTS.back.udp(1235, 69, READ)]
    outcome = rounds.run(packets)
    assert outcome.difference is None
    assert [record["entry"]["helper"] for record in outcome.kernel] == ["tftp", None, "tftp"]


def test_a_kernel_without_the_helper() -> None:
    with pytest.raises(CtcoreError, match="this kernel lacks the helper nosuch for udp flows"):
        Kernel({}, [Assignment("nosuch", 2, 17, 69)]).__enter__()
    with pytest.raises(CtcoreError, match="nft gives helpers to flows of tcp and udp alone, not of protocol 132"):
        Kernel({}, [Assignment("ftp", 2, 132, 21)]).__enter__()


def test_a_setting_of_the_whole_machine_is_refused() -> None:
    done = run("verify", "--helper", "ftp", "--set", "nf_conntrack_ftp.loose=1", next(iter(helped())))
    assert (done.status, done.out) == (1, "")
    assert done.err == "ctcore: sysctl nf_conntrack_ftp.loose does not belong to a network namespace\n"
