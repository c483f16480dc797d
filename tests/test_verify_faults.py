"""``ctcore verify`` where not everything can be compared: what can be is, and then a sentence tells the rest."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ctcore.errors import CaptureError
from ctcore.sources import open_capture
from ctcore.verify.recorded import Recorder, place
from ctcore.verify.sidebyside import replay
from ctcore.verify.sides import Own, Record
from tests.live.test_fuzz import FAULTS
from tests.recorded.make import HERE, write_capture
from tests.test_cli import CAPTURES, Run, run

pytestmark = pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")

HTTP, TOUR = CAPTURES / "http.pcap", CAPTURES / "tour.pcap"
CUT = 5000
"""Bytes of tour.pcap after which it is broken off, in the midst of a packet."""


class Echo:
    """A judge that is ctcore itself: for tests of what is done with a judge's answers."""

    def __init__(self) -> None:
        self._own = Own({})

    def account(self, packet: bytes, ethertype: int) -> Record:
        return self._own.account(packet, ethertype, time.time_ns())

    def final(self) -> Record:
        return self._own.final(time.time_ns())


def recorded(capture: Path, folder: Path) -> None:
    """Put answers to a capture where ``--recorded`` looks for them."""
    recorder = Recorder(Echo(), str(capture), {})
    with open_capture(str(capture)) as source:
        replay(source, recorder, Own({}))
    recorder.save(place(folder, str(capture)))


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    path = tmp_path / "cut.pcap"
    path.write_bytes(TOUR.read_bytes()[:CUT])
    recorded(path, tmp_path)
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    path = tmp_path / "empty.pcap"
    write_capture(path, [])
    recorded(path, tmp_path)
    return path


def fields(done: Run) -> set[str]:
    return {line[:32].rstrip() for line in done.lines[done.lines.index("") + 2 :]}


def test_a_capture_that_breaks_off(cut: Path, tmp_path: Path) -> None:
    recorded(HTTP, tmp_path)
    done = run("verify", "--recorded", tmp_path, cut, HTTP)
    assert done.status == 1
    sound: list[object] = []
    with open_capture(str(cut)) as source, pytest.raises(CaptureError, match="reading stopped") as stopped:
        sound.extend(source.packets())
    assert done.lines[0] == f"{cut}: {len(sound)} packets, no difference, as far as it goes"
    assert done.lines[1] == f"{HTTP}: 44 packets, no difference"
    assert {"ctinfo", "table", "statistics invalid", "/proc/net/nf_conntrack", "conntrack -L", "all"} <= fields(done)
    assert done.err == f"ctcore: {stopped.value}\n"


@pytest.mark.plain
def test_what_differs_before_the_break_is_shown(cut: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS["a timeout"](monkeypatch)
    done = run("verify", "--recorded", tmp_path, cut)
    assert done.status == 1
    assert " differences, as far as it goes" in done.lines[0]
    assert done.lines[1].startswith("  packet ")
    assert len(done.err.splitlines()) == 1


def test_a_capture_that_breaks_off_and_a_tracker_that_fails(cut: Path, tmp_path: Path) -> None:
    done = run("verify", "--recorded", tmp_path, "--tracker", "sh -c 'exit 7' {capture}", cut)
    assert done.status == 1
    first, second = done.err.splitlines()
    assert "reading stopped" in first
    assert "ended with exit status 7" in second


def test_a_capture_without_packets(empty: Path, tmp_path: Path) -> None:
    done = run("verify", "--recorded", tmp_path, empty)
    assert done.status == 1
    assert done.lines[0] == f"{empty}: 0 packets, no difference, as far as it goes"
    assert "all" in fields(done)
    assert done.err == f"ctcore: {empty}: nothing to compare: no packet came from it\n"


def test_a_capture_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "arp.pcap"
    write_capture(path, [bytes(28)] * 3)  # neither IPv4 nor IPv6 by its first byte
    recorded(path, tmp_path)
    recorded(HTTP, tmp_path)
    done = run("verify", "--recorded", tmp_path, path, HTTP)
    assert done.status == 1
    assert done.lines[:2] == [
        f"{path}: 3 packets, no difference, as far as it goes",
        f"{HTTP}: 44 packets, no difference",
    ]
    assert done.err == f"ctcore: {path}: nothing to compare: none of its 3 packets is of a protocol that is tracked\n"


def test_a_capture_that_cannot_be_opened(tmp_path: Path) -> None:
    lost = tmp_path / "lost.pcap"
    place(tmp_path, str(lost)).write_bytes(place(HERE / "defaults", str(HTTP)).read_bytes())
    recorded(HTTP, tmp_path)
    done = run("verify", "--recorded", tmp_path, lost, HTTP)
    assert done.status == 1
    assert done.lines[0] == f"{HTTP}: 44 packets, no difference"
    assert "all" in fields(done)
    assert done.err == f"ctcore: {lost}: cannot be opened: No such file or directory\n"


def test_a_recording_that_cannot_be_read_ends_it_after_the_table(tmp_path: Path) -> None:
    recorded(HTTP, tmp_path)
    done = run("verify", "--recorded", tmp_path, HTTP, TOUR, HTTP)
    assert done.status == 1
    assert done.lines[0] == f"{HTTP}: 44 packets, no difference"
    assert done.lines[1] == ""
    assert "all" in fields(done)
    assert done.err == f"ctcore: {place(tmp_path, str(TOUR))}: cannot be read: No such file or directory\n"
