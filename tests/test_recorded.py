"""The kernel's answers, recorded, against ctcore: no difference in any field, without root and on any machine.

``tests/recorded/make.py`` makes the recordings. That the comparison can fail is shown with faults planted in ctcore.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from ctcore.errors import CtcoreError
from ctcore.registry import Registry
from ctcore.sources import open_capture
from ctcore.verify.recorded import Recording, compare_recorded, place
from ctcore.verify.sidebyside import Outcome, replay
from ctcore.verify.sides import Own
from tests import planted
from tests.live.test_fuzz import FAULTS, FAULTS6
from tests.recorded.make import HELPED_HERE, HERE, SETTINGS, captures, helped
from tests.test_cli import run

pytestmark = pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "udplite")

HTTP = next(path for path in captures() if path.name == "http.pcap")
ACCOUNT = ("ctinfo", "direction", "verdict", "reasons", "events", "entry", "state", "timeout", "counters")
FUZZED = HERE / "fuzz-tcp.pcap"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry.load(strict=True)


def recording_of(capture: Path, name: str) -> Path:
    return place(HERE / name, str(capture))


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("capture", captures(), ids=lambda path: path.name)
def test_the_kernel_had_said_the_same(capture: Path, name: str, registry: Registry) -> None:
    outcome = compare_recorded(recording_of(capture, name), str(capture), registry)
    assert outcome.comparison.packets > 0
    assert not outcome.comparison.differences, "\n".join(map(str, outcome.comparison.differences[:20]))
    fields = {"ctinfo", "reasons", "events", "timeout", "counters", "statistics invalid", "table"}
    assert fields <= outcome.comparison.tally.keys()


@pytest.mark.plugins("ftp", "tftp", "irc", "amanda", "sip", "sane", "pptp")
@pytest.mark.parametrize("capture", helped(), ids=lambda path: path.name)
def test_with_helpers_too(capture: Path, registry: Registry) -> None:
    recording = place(HELPED_HERE, str(capture))
    outcome = compare_recorded(recording, str(capture), registry)
    assert Recording(recording).helpers == list(helped()[capture])
    assert not outcome.comparison.differences, "\n".join(map(str, outcome.comparison.differences[:20]))
    assert {"helper", "master", "events", "statistics expect_new", "expectations"} <= outcome.comparison.tally.keys()


@pytest.mark.plugins("ftp", "irc")
def test_expectations_are_compared_with_their_lines(registry: Registry) -> None:
    irc = next(capture for capture in helped() if capture.name == "irc.pcap")
    tally = compare_recorded(place(HELPED_HERE, str(irc)), str(irc), registry).comparison.tally
    compared = {"expectation mask", "expectation flags", "expectation class", "conntrack -L expect"}
    assert {*compared, "/proc/net/nf_conntrack_expect"} <= tally.keys()


@pytest.mark.plugins("ftp")
def test_a_fault_planted_in_a_helper_is_found(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where lines began is never forgotten."""
    from ctcore_ftp.lines import LineStarts

    monkeypatch.setattr(LineStarts, "add", lambda self, seq: self.append(seq % 2**32))
    capture = HELPED_HERE / "fuzz-ftp.pcap"
    assert compare_recorded(place(HELPED_HERE, str(capture)), str(capture), registry).comparison.differences


@pytest.mark.plugins("sip", "sane")
@pytest.mark.parametrize(
    ("capture", "place_of_fault", "fault"),
    [
        ("fuzz-sip-udp.pcap", "ctcore_sip.media.CLASSES", {b"audio": 1, b"video": 1, b"image": 3}),
        ("fuzz-sip-udp.pcap", "ctcore_sip.address.LOWEST_PORT", 1025),
        ("fuzz-sip-tcp.pcap", "ctcore_sip.scan._number", re.compile(rb"[0-9]+").match),
        ("fuzz-sip-tcp.pcap", "ctcore_sip.media.HIGHEST_PORT", 65534),
        ("sip-udp.pcap", "ctcore_sip.flow.SIGNALLING", 1),
        ("fuzz-sane.pcap", "ctcore_sane.helper.NET_START", 6),
    ],
)
def test_a_fault_planted_in_another_helper_is_found(
    capture: str, place_of_fault: str, fault: object, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_of_fault, fault)
    path = next(path for path in helped() if path.name == capture)
    assert compare_recorded(place(HELPED_HERE, str(path)), str(path), registry).comparison.differences


def test_there_is_a_recording_of_each_capture_under_each_setting_and_no_other() -> None:
    wanted = {recording_of(capture, name) for capture in captures() for name in SETTINGS}
    wanted |= {place(HELPED_HERE, str(capture)) for capture in helped()}
    assert set(HERE.rglob("*.gz")) == wanted
    assert len(SETTINGS) >= 6


@pytest.mark.parametrize("name", SETTINGS)
def test_a_recording_names_its_kernel_and_its_sysctls(name: str) -> None:
    for capture in captures():
        recording = Recording(recording_of(capture, name))
        assert recording.sysctls == SETTINGS[name]
        assert recording.kernel.startswith("Linux 6.")


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "defaults"])
def test_a_setting_matters(name: str, registry: Registry) -> None:
    """With ctcore under another setting than the kernel was, the two do not agree."""
    judged = HERE / "fuzz-others.pcap" if name == "checksum-off" else FUZZED
    assert against({}, judged, name, registry).comparison.differences


def against(sysctls: dict[str, int], capture: Path, name: str, registry: Registry) -> Outcome:
    with open_capture(str(capture)) as source:
        return replay(source, Recording(recording_of(capture, name)), Own(sysctls, registry))


def found_by(name: str) -> Path | None:
    """The first capture with whose recording ctcore, as it is now, does not agree."""
    for capture in captures():
        if not compare_recorded(recording_of(capture, name), str(capture)).agrees:
            return capture
    return None


PLANTED = {**FAULTS, **{fault: plant for fault, (_, plant) in {**FAULTS6, **planted.TRANSPORTS}.items()}}


@pytest.mark.plain
@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[fault](monkeypatch)
    capture = found_by("defaults")
    assert capture is not None
    monkeypatch.undo()
    assert compare_recorded(recording_of(capture, "defaults"), str(capture)).agrees, "it is the fault that was found"


@pytest.mark.plain
@pytest.mark.plugins("pptp")
@pytest.mark.parametrize("fault", planted.PPTP)
def test_a_fault_planted_in_pptp_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def agrees() -> bool:
        recordings = [(place(HELPED_HERE, str(path)), str(path)) for path in helped() if "pptp" in path.name]
        return all(compare_recorded(*recording).agrees for recording in recordings)

    planted.PPTP[fault][1](monkeypatch)
    assert not agrees()
    monkeypatch.undo()
    assert agrees(), "it is the fault that was found"


# The command.


def test_the_command_needs_no_root_for_recordings() -> None:
    done = run("verify", "--recorded", HERE / "loose-off", HTTP, FUZZED)
    assert (done.status, done.err) == (0, "")
    assert done.lines[:2] == [f"{HTTP}: 44 packets, no difference", f"{FUZZED}: 600 packets, no difference"]
    assert done.lines[3].split() == ["field", "compared", "agreed"]
    assert all(len(set(line.split()[-2:])) == 1 for line in done.lines[4:])
    assert ["ctinfo", "644", "644"] in [line.split() for line in done.lines]


@pytest.mark.plain
def test_the_command_shows_the_first_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS["table: SYN of the original direction in TIME_WAIT"](monkeypatch)
    done = run("verify", "--recorded", HERE / "defaults", FUZZED, HTTP)
    assert done.status == 1
    assert " differences" in done.lines[0]
    assert done.lines[1].startswith("  packet ")
    assert "TCP" in done.lines[1]
    assert "[S]" in done.lines[1]
    text = "\n".join(done.lines[2 : done.lines.index("")])
    assert all(re.search(rf"^  [ *] {name} +(both|kernel) ", text, re.MULTILINE) for name in ACCOUNT)
    assert re.search(r"^  \* (\w+) +kernel  .+\n  \* +ctcore  .+$", text, re.MULTILINE)
    assert f"{HTTP}: 44 packets, no difference" in done.lines
    assert [line for line in done.lines if re.fullmatch(r"ctinfo +644 +\d+  \d+ differ", line)]


@pytest.mark.parametrize(
    "words",
    [
        ["--record", "x", "--recorded", "y", "z"],
        ["--recorded", "y", "--set", "nf_conntrack_acct=1", "z"],
        ["--recorded", "y", "--bpf", "tcp", "z"],
        ["--recorded", "y", "-"],
        ["--record", "y", "a/z", "b/z"],
        [],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line(words: list[str]) -> None:
    done = run("verify", *words)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("Usage: ctcore verify ")


# What is no recording, or none of this capture.


def damaged(tmp_path: Path, lines: list[str]) -> Path:
    path = place(tmp_path, HTTP.name)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return path


@pytest.mark.parametrize("cut", [slice(0, 0), slice(0, 1), slice(0, 20), slice(0, -1), slice(1, None)], ids=str)
def test_a_recording_with_lines_missing(tmp_path: Path, cut: slice) -> None:
    lines = gzip.decompress(recording_of(HTTP, "defaults").read_bytes()).decode().splitlines()
    path = damaged(tmp_path, lines[cut])
    with pytest.raises(CtcoreError, match=r"no recording of ctcore verify|damaged"):
        compare_recorded(path, str(HTTP))


@pytest.mark.parametrize("content", [b"", b"text\n", gzip.compress(b"text\n"), gzip.compress(b"{}\n" * 99)[:-9]])
def test_a_file_that_is_no_recording(tmp_path: Path, content: bytes) -> None:
    path = place(tmp_path, HTTP.name)
    path.write_bytes(content)
    done = run("verify", "--recorded", tmp_path, HTTP)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"ctcore: {path}: no recording of ctcore verify")
    assert len(done.err.splitlines()) == 1


def test_a_recording_of_another_capture(tmp_path: Path) -> None:
    place(tmp_path, HTTP.name).write_bytes(recording_of(FUZZED, "defaults").read_bytes())
    done = run("verify", "--recorded", tmp_path, HTTP)
    assert (done.status, done.out) == (1, "")
    assert "a recording of another capture" in done.err


def test_no_recording_at_all(tmp_path: Path) -> None:
    done = run("verify", "--recorded", tmp_path, HTTP)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"ctcore: {place(tmp_path, HTTP.name)}: cannot be read: No such file or directory\n"


def test_what_differs_at_the_end_is_told(tmp_path: Path) -> None:
    lines = gzip.decompress(recording_of(HTTP, "defaults").read_bytes()).decode().splitlines()
    end = json.loads(lines[-1])
    end["final"]["statistics"]["invalid"] += 7
    end["final"]["list"] = None
    end["final"]["proc"].pop()
    damaged(tmp_path, [*lines[:-1], json.dumps(end)])
    done = run("verify", "--recorded", tmp_path, HTTP)
    assert done.status == 1
    assert done.lines[0].endswith("44 packets, 2 differences")
    assert done.lines[1] == "  after the last packet: statistics invalid: kernel 7, ctcore 0"
    assert done.lines[2].startswith("  after the last packet: /proc/net/nf_conntrack: kernel -, ctcore ipv4 2 tcp 6 ")
    assert done.lines[3] == "  conntrack -L is not compared: the kernel's side does not have it"
