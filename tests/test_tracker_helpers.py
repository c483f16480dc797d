"""Another program in ctcore's place where flows have helpers: what it is told, and its expectations compared."""

from __future__ import annotations

import copy
import shlex
import sys
from typing import Any

import pytest

from ctcore.verify.partial import PartialComparison
from ctcore.verify.schema import EXPECTATION, problem
from tests.live.test_compare import packet
from tests.recorded.make import HELPED_HERE, helped
from tests.test_cli import CAPTURES, Run, run
from tests.test_tracker import rows, shown

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp", "ftp", "sip")

FTP, SIP, TFTP = CAPTURES / "ftp.pcap", CAPTURES / "sip-udp.pcap", CAPTURES / "tftp.pcap"
SELF = f"{shlex.quote(sys.executable)} -m ctcore trace -o json --set={{sysctl}} --helper={{helper}} {{capture}}"
EXPECTED: dict[str, Any] = {
    "type": "EXP_NEW",
    "l3num": 2,
    "l4num": 6,
    "timeout": 300,
    "expected": {"src": "192.0.2.2", "dst": "192.0.2.1", "sport": 0, "dport": 4000},
    "mask": {"src": "255.255.255.255", "dst": "255.255.255.255", "sport": 0, "dport": 65535},
    "master": {"src": "192.0.2.1", "dst": "192.0.2.2", "sport": 1, "dport": 21},
    "flags": ["PERMANENT", "INACTIVE"],
    "class": 0,
    "zone": 0,
    "helper": "ftp",
}
OTHER: dict[str, Any] = {
    "l3num": 10,
    "l4num": 17,
    "timeout": 298,
    "expected": {"src": "192.0.2.9"},
    "mask": {"src": "192.0.2.9"},
    "master": {"src": "192.0.2.9"},
    "flags": ["PERMANENT"],
    "class": 1,
    "zone": 1,
    "helper": None,
}


def edited(edit: str) -> str:
    """ctcore, with a line of sed that changes what it prints."""
    words = SELF.replace("{capture}", "$0").replace("--set={sysctl} --helper={helper}", '"$@"')
    script = f"{words} 2>&- | sed {shlex.quote(edit)}"
    return f"sh -c {shlex.quote(script)} {{capture}} --set={{sysctl}} --helper={{helper}}"


def verify(tracker: str, *captures: Any) -> Run:
    return run("verify", "--recorded", HELPED_HERE, "--tracker", tracker, *captures)


@pytest.mark.plugins("ipv6", "gre", "tftp", "irc", "amanda", "sane", "pptp")
def test_ctcore_as_the_program_agrees() -> None:
    done = verify(SELF, *helped())
    assert (done.status, done.err) == (0, ""), done.out
    assert [line.split()[-2:] for line in done.lines[: len(helped())]] == [["no", "difference"]] * len(helped())
    assert all(len(row) == 2 and row[0] == row[1] != "0" for row in rows(done).values())


@pytest.mark.parametrize(
    "edit",
    [
        's/"EXP_DESTROY"/"EXP_NEW"/',
        's/"class": 0/"class": 1/',
        's/"mask": {"src": "255/"mask": {"src": "254/',
        's/"expected": {"src": "203/"expected": {"src": "204/',
        's/"flags": \\[\\], "class"/"flags": ["PERMANENT"], "class"/',
    ],
)
def test_a_tracker_that_expects_something_else_differs(edit: str) -> None:
    done = verify(edited(edit), FTP)
    assert (done.status, done.err) == (1, "")
    assert "differ" in rows(done)["events"][2]
    assert [name for name, row in rows(done).items() if len(row) > 2] == ["events", "all"]


@pytest.mark.parametrize(
    ("capture", "told"), [(FTP, ["ftp:tcp:21"]), (SIP, ["sip:udp:5060"])], ids=["ftp", "sip over UDP alone"]
)
def test_the_helpers_are_words_of_the_command(capture: Any, told: list[str]) -> None:
    done = verify("""sh -c 'echo "$@" >&2; exit 1' {capture} --helper {helper} -x{helper}""", capture)
    last = " ".join(["--helper", *told, *(f"-x{one}" for one in told)])
    assert done.err.rstrip().endswith(f"its last words: {shown(last)}")


def test_without_helpers_there_is_no_such_word() -> None:
    recorded = HELPED_HERE.parent / "defaults"
    tracker = """sh -c 'echo "$@" >&2; exit 1' {capture} a -x{helper} {helper} b"""
    done = run("verify", "--recorded", recorded, "--tracker", tracker, FTP)
    assert done.err.rstrip().endswith("its last words: 'a b'")


def test_helpers_that_it_cannot_be_told() -> None:
    done = verify("true {capture}", SIP)
    assert (done.status, done.out) == (1, "")
    assert done.err == ("ctcore: the tracker's command has no {helper}, so the tracker cannot be told sip:udp:5060\n")


# What a line may hold, and what is compared of it.


def told(event: dict[str, Any]) -> dict[str, Any]:
    """A packet's object with an event of an expectation in it."""
    record = packet()
    record["events"] = [event, *record["events"]]
    return record


def test_an_expectation_of_the_same_kind_has_no_other_fields() -> None:
    assert {*EXPECTED} == {*EXPECTATION, "type"} == {*OTHER, "type"}
    assert problem(told(EXPECTED)) is None


@pytest.mark.parametrize("field", EXPECTATION)
def test_a_field_that_is_left_out_is_not_compared(field: str) -> None:
    less = {name: value for name, value in EXPECTED.items() if name != field}
    assert problem(told(less)) is None
    comparison = PartialComparison()
    comparison.add(told(EXPECTED), told(less))
    assert comparison.differences == []
    assert {name for name, tally in comparison.tally.items() if tally.lacking} == {f"events: {field}"}


@pytest.mark.parametrize("field", EXPECTATION)
def test_a_field_that_is_another_one_differs(field: str) -> None:
    comparison = PartialComparison()
    comparison.add(told(EXPECTED), told({**EXPECTED, field: OTHER[field]}))
    assert [difference.field for difference in comparison.differences] == ["events"]


def test_flags_have_no_order() -> None:
    comparison = PartialComparison()
    comparison.add(told(EXPECTED), told({**EXPECTED, "flags": EXPECTED["flags"][::-1]}))
    assert comparison.differences == []


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"master": None}, "events[0].master is not an object"),
        ({"timeout": None}, "events[0].timeout is not an integer"),
        ({"mask": {"sport": "0"}}, "events[0].mask.sport is not an integer"),
        ({"flags": "PERMANENT"}, "events[0].flags is not a list"),
        ({"helper": None}, None),
        ({"type": 1}, "events[0].type is not text"),
    ],
)
def test_an_expectation_is_checked(change: dict[str, Any], wrong: str | None) -> None:
    assert problem(told({**copy.deepcopy(EXPECTED), **change})) == wrong
