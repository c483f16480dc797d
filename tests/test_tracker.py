"""Another program in ctcore's place, against recorded answers: no root, and no other tracker than ctcore needed.

ctcore itself is the program where a good one is wanted; what it printed, edited, is one that is at fault.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctcore.sources import open_capture
from ctcore.verify.partial import PartialComparison
from ctcore.verify.recorded import Recording, place
from ctcore.verify.schema import ENTRY, EXPECTATION, PACKET, problem
from tests.live.test_compare import DIFFERENCES, packet
from tests.recorded.make import HERE, SETTINGS
from tests.test_cli import CAPTURES, Run, run

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

HTTP, VLAN = CAPTURES / "http.pcap", CAPTURES / "vlan.pcap"
PACKETS = 44
SELF = f"{shlex.quote(sys.executable)} -m ctcore trace -o json --set={{sysctl}} {{capture}}"
SHELL = "sh -c {script} {{capture}}"  # the capture is $0


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ctcore printed of http.pcap when it was the tracker under test: a file of good lines."""
    path = tmp_path_factory.mktemp("tracker") / "lines"
    done = verify(f"{sys.executable} -m ctcore trace -o json --set=nf_conntrack_acct=1 $0 | tee {path}")
    assert (done.status, done.err) == (0, "")
    return path


def verify(script: str, *words: str | Path, capture: Path = HTTP, name: str = "defaults") -> Run:
    """Compare a line of shell, to which $0 is the capture, with the recorded answers."""
    tracker = SHELL.format(script=shlex.quote(script))
    return run("verify", "--recorded", HERE / name, "--tracker", tracker, *words, capture)


def rows(done: Run) -> dict[str, list[str]]:
    """The table of agreement: compared, agreed and what else is told, by field."""
    return {line[:32].rstrip(): line[32:].split(maxsplit=2) for line in done.lines if line[32:43].strip().isdigit()}


# Who agrees, and who does not.


@pytest.mark.plugins("ipv6", "icmpv6", "sctp", "gre", "udplite")
@pytest.mark.parametrize("name", SETTINGS)
def test_ctcore_as_the_program_agrees_in_every_field(name: str) -> None:
    fuzzed = sorted(HERE.glob("*.pcap"))
    done = run("verify", "--recorded", HERE / name, "--tracker", SELF, *fuzzed, VLAN)
    assert (done.status, done.err) == (0, ""), done.out
    assert [line.split()[-2:] for line in done.lines[:3]] == [["no", "difference"]] * 3
    table = rows(done)
    assert all(len(row) == 2 and row[0] == row[1] != "0" for row in table.values())
    whole = rows(run("verify", "--recorded", HERE / name, *fuzzed, VLAN))
    ends = ("statistics ", "table", "expectation", "/proc/", "conntrack -L")
    assert set(table) == {field for field in whole if not field.startswith(ends)}
    assert table["ctinfo"] == whole["ctinfo"]


def test_a_tracker_at_fault_differs(lines: Path) -> None:
    done = verify(f'sed \'/"frame": 40,/s/"ESTABLISHED"/"FIN_WAIT"/\' {lines}')
    assert (done.status, done.err) == (1, "")
    assert done.lines[0] == f"{HTTP}: {PACKETS} packets, 1 difference"
    assert done.lines[1].startswith("  packet 40: 203.0.113.80 > 192.0.2.10 proto 6 ")
    assert "  * state      kernel  ESTABLISHED" in done.lines
    assert "  *            tracker FIN_WAIT" in done.lines
    assert rows(done)["state"] == ["42", "41", "1 differ"]


def test_what_is_not_printed_is_not_compared_and_said(lines: Path) -> None:
    script = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    packet = json.loads(line)\n"
        "    print(json.dumps({name: packet[name] for name in ('frame', 'ctinfo')}))\n"
    )
    done = verify(f"{sys.executable} -c {shlex.quote(script)} < {lines}")
    assert (done.status, done.err) == (0, "")
    assert done.lines[0] == f"{HTTP}: {PACKETS} packets, no difference"
    table = rows(done)
    assert table["ctinfo"] == [f"{PACKETS}", f"{PACKETS}"]
    assert table["timeout"] == ["0", "0", "42 not printed"]
    assert table["events"] == ["0", "0", f"{PACKETS} not printed"]
    assert table["all"][:2] == [f"{2 * PACKETS}", f"{2 * PACKETS}"]


def test_a_field_that_is_not_printed_does_not_hide_the_others(lines: Path) -> None:
    """A tracker without timeouts whose states are wrong."""
    done = verify(f'sed \'s/"timeout": [0-9]*, //g; s/"SYN_RECV"/"SYN_SENT"/g\' {lines}')
    assert done.status == 1
    assert "not printed" in rows(done)["timeout"][2]
    assert rows(done)["events: timeout"][:2] == ["0", "0"]
    assert "differ" in rows(done)["state"][2]
    assert "differ" in rows(done)["events"][2]
    assert any(line.endswith("tracker (not printed)") for line in done.lines)


# What the program is given.


def test_the_capture_has_the_times_of_the_judge(tmp_path: Path) -> None:
    copy = tmp_path / "copy.pcap"
    assert verify(f"cp $0 {copy}; exit 1", capture=VLAN).status == 1
    recording = Recording(place(HERE / "defaults", str(VLAN)))
    with open_capture(str(copy)) as given, open_capture(str(VLAN)) as original:
        assert given.linktype == 1
        for (when, ethertype, packet), (_, kind, data) in zip(given.packets(), original.packets(), strict=True):
            assert when == recording.account(b"", 0)["time_ns"] // 1000 * 1000
            assert packet == data
            assert ethertype == kind or kind == 0


@pytest.mark.parametrize(("name", "told"), [("defaults", {}), ("loose-off", {"nf_conntrack_tcp_loose": 0})])
def test_the_settings_are_words_of_the_command(name: str, told: dict[str, int]) -> None:
    tracker = """sh -c 'echo "$@" >&2; exit 1' {capture} --setting {sysctl} -x{sysctl} "{}" """
    done = run("verify", "--recorded", HERE / name, "--tracker", tracker, HTTP)
    words = [f"{name}={value}" for name, value in {"nf_conntrack_acct": 1, **told}.items()]
    last = " ".join(["--setting", *words, *(f"-x{word}" for word in words), "{}"])
    assert done.err.rstrip().endswith(f"its last words: {shown(last)}")


def shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "...")


def test_settings_that_it_cannot_be_told() -> None:
    done = verify("true", name="loose-off")
    assert (done.status, done.out) == (1, "")
    assert done.err == (
        "ctcore: the tracker's command has no {sysctl}, so the tracker cannot be told nf_conntrack_tcp_loose=0\n"
    )


# What goes wrong.

BUSY = ("--tracker-timeout", "3")  # seconds: enough for a busy machine to start a program

FAULTS = {
    "head -n 40 LINES; echo oops >&2; exit 3": "exit status 3 after 40 of 44 packets; its last words: 'oops'",
    "head -n 40 LINES; exit 3": "ended with exit status 3 after 40 of 44 packets",
    "cat LINES; exit 3": "ended with exit status 3 after 44 of 44 packets",
    "head -n 40 LINES; kill -SEGV $$": "was killed by SIGSEGV after 40 of 44 packets",
    "head -n 40 LINES": "printed 40 lines for 44 packets: each has to have one",
    "true": "printed 0 lines for 44 packets: each has to have one",
    "cat LINES LINES": "printed more lines than the 44 packets of the capture",
    "sed 41d LINES": "line 41 of the tracker is about packet 42: each has to have one, in turn",
    "head -n 40 LINES; echo hello": "line 41 of the tracker is no JSON: 'hello'",
    "head -n 40 LINES; printf '{\"frame\"'": "line 41 of the tracker is no JSON: '{\"frame\"'",
    "head -n 40 LINES; printf '\\377\\n'": "line 41 of the tracker is no JSON: '\\ufffd'",
    "head -n 40 LINES; echo": "line 41 of the tracker is no JSON: ''",
    "head -n 40 LINES; echo 41": "line 41 of the tracker is not an object: '41'",
    "head -n 40 LINES; echo '{\"frame\": 41}'": "line 41 of the tracker has no ctinfo: '{\"frame\": 41}'",
    'sed \'41s/"timeout": [0-9]*/"timeout": "1"/\' LINES': "line 41 of the tracker entry.timeout is not an integer: ",
    "head -n 40 LINES; head -c 2000000 /dev/zero": "line 41 of the tracker is longer than 1048576 bytes",
    "head -n 40 LINES; sleep 60": "said nothing for 3 s after 40 packets",
    "head -n 40 LINES; exec >&-; sleep 60": "closed its output and went on for 3 s, after 40 of 44 packets",
}


@pytest.mark.parametrize("script", FAULTS)
def test_a_tracker_that_fails_is_one_sentence_and_what_it_said_is_compared(script: str, lines: Path) -> None:
    done = verify(script.replace("LINES", str(lines)), *BUSY)
    assert done.status == 1
    assert FAULTS[script] in done.err
    assert done.err.startswith(("ctcore: the tracker ", "ctcore: line 41 of the tracker "))
    assert len(done.err.splitlines()) == 1
    compared = 0 if script == "true" else 44 if "44 of" in FAULTS[script] or "more lines" in FAULTS[script] else 40
    assert done.lines[0] == f"{HTTP}: {compared} packets, no difference, as far as it goes"
    assert ("ctinfo" in rows(done)) is (compared > 0)
    if compared:
        assert rows(done)["ctinfo"] == [f"{compared}"] * 2


def test_lists_in_lists_without_end(lines: Path) -> None:
    done = verify(f"head -n 40 {lines}; head -c 1000000 /dev/zero | tr '\\0' '['; echo")
    assert "line 41 of the tracker is no JSON: '[[[" in done.err


def test_the_other_captures_are_compared_all_the_same(lines: Path) -> None:
    done = run("verify", "--recorded", HERE / "defaults", "--tracker", f"cat {lines} {{capture}}.none", VLAN, HTTP)
    assert done.status == 1
    assert done.lines[0].startswith(f"{VLAN}: ")
    assert f"{HTTP}: {PACKETS} packets, no difference, as far as it goes" in done.lines
    assert len(done.err.splitlines()) == 2


def test_a_program_that_cannot_be_started() -> None:
    done = run("verify", "--recorded", HERE / "defaults", "--tracker", "/nonexistent/mine {capture}", HTTP)
    assert (done.status, done.out) == (1, "")
    assert done.err == "ctcore: the tracker /nonexistent/mine cannot be started: No such file or directory\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tracker", "mine"], "has no {capture}, where the capture's path would stand: mine"),
        (["--tracker", "mine '{capture}"], "cannot be split into words: No closing quotation: mine '{capture}"),
        (["--tracker", "mine {capture}", "--tracker-timeout", "0"], "--tracker-timeout"),
    ],
)
def test_a_wrong_command_line(words: list[str], told: str) -> None:
    done = run("verify", *words, HTTP)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("Usage: ctcore verify ")
    assert told in done.err


def test_all_that_it_started_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    done = verify(f"sleep 600 & echo $! > {pid}; wait", *BUSY)
    assert "said nothing for 3 s after 0 packets" in done.err
    end = time.monotonic() + 10
    while alive(int(pid.read_text())) and time.monotonic() < end:
        time.sleep(0.05)
    assert not alive(int(pid.read_text()))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_no_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    note = tmp_path / "note"
    verify(f"echo $0 > {note}; false")
    assert note.read_text().startswith(f"{tmp_path}{os.sep}ctcore-")
    assert os.listdir(tmp_path) == ["note"]


# What a line may hold.


def test_the_lines_of_the_manual_are_good_ones() -> None:
    shown = manual().partition("\n```json\n")[2].partition("\n```\n")[0].splitlines()
    assert len(shown) == 2
    records = [json.loads(line) for line in shown]
    assert [problem(record) for record in records] == [None, None]
    assert set().union(*records) == set(PACKET)
    assert records[1]["entry"].keys() <= ENTRY.keys()


def test_the_manual_lists_every_field() -> None:
    section = manual().partition("### What it prints")[2].partition("### When it fails")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == {*PACKET, *ENTRY, *EXPECTATION, "packets", "bytes"}


def manual() -> str:
    return (Path(__file__).parents[1] / "docs" / "verify.md").read_text(encoding="utf-8")


def test_what_ctcore_prints_is_a_good_line(lines: Path) -> None:
    assert [problem(json.loads(line)) for line in lines.read_text().splitlines()] == [None] * PACKETS


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        ([], "is not an object"),
        ({}, "has no frame"),
        ({"frame": 1}, "has no ctinfo"),
        ({"frame": True, "ctinfo": "new"}, "frame is not an integer"),
        ({"frame": 1.0, "ctinfo": "new"}, "frame is not an integer"),
        ({"frame": 1, "ctinfo": None}, "ctinfo is not text"),
        ({"frame": 1, "ctinfo": "new", "reasons": "none"}, "reasons is not a list"),
        ({"frame": 1, "ctinfo": "new", "reasons": [5]}, "reasons[0] is not text"),
        ({"frame": 1, "ctinfo": "new", "entry": []}, "entry is not an object"),
        (
            {"frame": 1, "ctinfo": "new", "entry": {"original": {"sport": "80"}}},
            "entry.original.sport is not an integer",
        ),
        ({"frame": 1, "ctinfo": "new", "entry": {"tcp": {"wscale": 1}}}, "entry.tcp.wscale is not a list"),
        ({"frame": 1, "ctinfo": "new", "events": [{"type": "NEW"}, {}]}, "has no events[1].type"),
        ({"frame": 1, "ctinfo": "new", "events": [{"type": "NEW", "mark": "x"}]}, "events[0].mark is not an integer"),
        ({"frame": 1, "ctinfo": "new", "entry": {"mine": "x"}, "more": 1}, None),
        ({"frame": 1, "ctinfo": "none", "direction": None, "entry": None, "events": []}, None),
    ],
)
def test_a_line_is_checked(record: Any, wrong: str | None) -> None:
    assert problem(record) == wrong


# What is compared of a line.


def without(record: dict[str, Any], *path: Any) -> dict[str, Any]:
    """A copy that does not have the field at the end of the path."""
    copied: dict[str, Any] = copy.deepcopy(record)
    at: Any = copied
    for step in path[:-1]:
        at = at[step]
    del at[path[-1]]
    return copied


@pytest.mark.parametrize(
    ("path", "lacking"),
    [
        (("direction",), {"direction"}),
        (("reasons",), {"reasons"}),
        (("events",), {"events"}),
        (("entry", "state"), {"state"}),
        (("entry", "status"), {"status"}),
        (("entry", "tcp"), {"wscale", "flags"}),
        (("entry", "tcp", "flags"), {"flags"}),
        (("entry", "l4num"), {"tuples"}),
        (("entry", "reply"), {"tuples", "counters"}),
        (("entry", "original", "packets"), {"counters"}),
        (("entry", "helper"), set()),
        (("events", 0, "status"), {"events: status"}),
    ],
)
def test_a_field_that_is_left_out(path: tuple[Any, ...], lacking: set[str]) -> None:
    comparison = PartialComparison()
    comparison.add(packet(), without(packet(), *path))
    assert comparison.differences == []
    assert {name for name, tally in comparison.tally.items() if tally.lacking} == lacking
    other = packet()
    other["ctinfo"] = "invalid"
    comparison.add(other, without(packet(), *path))
    assert "ctinfo" in {difference.field for difference in comparison.differences}


@pytest.mark.parametrize(("field", "change"), DIFFERENCES)
def test_a_difference_is_found_as_in_a_whole_comparison(field: str, change: Callable[[Any], None]) -> None:
    theirs, ours = packet(), packet()
    change(ours)
    comparison = PartialComparison(side="tracker")
    comparison.add(theirs, ours)
    found = {difference.field for difference in comparison.differences}
    assert field in found or (ours["entry"] or {}).get("tcp", 1) is None
    assert all("tracker" in str(difference) for difference in comparison.differences)


def test_an_entry_of_nothing_is_one() -> None:
    comparison = PartialComparison()
    comparison.add(packet(), {"frame": 1, "ctinfo": "new", "entry": {}})
    assert comparison.differences == []
    assert comparison.tally["entry"].agreed == 1
