"""``ctcore verify`` with the running kernel: agreement, differences, settings, recordings, and how it gives up."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ctcore.verify.recorded import Recording, place
from tests.live.test_fuzz import FAULTS
from tests.live.test_kernel import surroundings
from tests.recorded.make import HERE, write_capture
from tests.test_cli import CAPTURES, PROGRAM, run, start

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")]

HTTP, TOUR = CAPTURES / "http.pcap", CAPTURES / "tour.pcap"
FUZZED = HERE / "fuzz-tcp.pcap"


def test_kernel_and_ctcore_agree() -> None:
    before = surroundings()
    done = run("verify", HTTP, TOUR)
    assert surroundings() == before
    assert (done.status, done.err) == (0, "")
    assert done.lines[:2] == [f"{HTTP}: 44 packets, no difference", f"{TOUR}: 39 packets, no difference"]
    rows = {line[:32].rstrip(): line[32:].split() for line in done.lines[3:]}
    assert rows["ctinfo"] == ["83", "83"]
    fields = ("direction", "reasons", "state", "status", "timeout", "wscale", "flags", "counters", "events")
    ends = ("statistics invalid", "table", "/proc/net/nf_conntrack")
    assert all(int(rows[name][0]) > 0 for name in (*fields, *ends))
    assert ("conntrack -L" in rows) is (shutil.which("conntrack") is not None)


@pytest.mark.parametrize("setting", ["nf_conntrack_tcp_loose=0", "net.netfilter.nf_conntrack_tcp_be_liberal=1"])
def test_settings_apply_to_both_sides(setting: str, tmp_path: Path) -> None:
    done = run("verify", "--set", setting, "--record", tmp_path, FUZZED)
    assert done.status == 0, done.out
    recording = Recording(place(tmp_path, str(FUZZED)))
    name, _, value = setting.rpartition(".")[2].partition("=")
    assert recording.sysctls == {name: int(value)}
    others = place(HERE / "defaults", str(FUZZED))
    assert [entry_of(recording) for _ in range(600)] != [entry_of(Recording(others)) for _ in range(600)]


def entry_of(recording: Recording) -> object:
    return recording.account(b"", 0)["ctinfo"]


def test_what_is_recorded_is_what_is_compared_later(tmp_path: Path) -> None:
    recorded = run("verify", "--record", tmp_path / "new", "--bpf", "tcp port 80", TOUR)
    again = run("verify", "--recorded", tmp_path / "new", TOUR)
    assert recorded.status == again.status == 0
    assert recorded.out == again.out
    assert Recording(place(tmp_path / "new", str(TOUR))).bpf == "tcp port 80"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["tour.pcap.jsonl.gz"]
    assert 0 < int(again.lines[0].split()[1]) < 39


@pytest.mark.plain
@pytest.mark.parametrize("fault", ["table: SYN of the original direction in TIME_WAIT", "a timeout"])
def test_a_planted_fault_is_shown(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[fault](monkeypatch)
    done = run("verify", FUZZED)
    assert done.status == 1
    assert done.lines[1].startswith("  packet ")
    assert any(line.startswith("  * ") and " kernel  " in line for line in done.lines)
    assert any(line.endswith(" differ") for line in done.lines)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "nf_conntrack_bogus=1"], "unknown sysctl nf_conntrack_bogus"),
        (["--set", "nf_conntrack_max=7"], "sysctl nf_conntrack_max belongs to the whole machine"),
        (["--bpf", "no such filter"], "no such filter"),
        (["--record", "/proc/nowhere"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: list[str], told: str) -> None:
    done = run("verify", *words, HTTP)
    assert (done.status, done.out) == (1, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_without_pyroute2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyroute2", None)
    done = run("verify", HTTP)
    assert (done.status, done.out) == (1, "")
    assert done.err == "ctcore: asking the running kernel needs pyroute2: pip install 'ctcore[kernel]'\n"


def test_without_root() -> None:
    """What root may and others may not is a capability: without it the command says that it needs root."""
    command = ["setpriv", "--bounding-set=-sys_admin", *PROGRAM, "verify", str(HTTP)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ctcore: asking the running kernel needs root")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_interrupted_nothing_is_left(tmp_path: Path, number: signal.Signals, status: int) -> None:
    long = tmp_path / "long.pcap"
    write_capture(long, [bytes(20)] * 2_000_000)
    before = surroundings()
    with start("verify", "--record", tmp_path / "new", HTTP, long, start_new_session=True) as verifying:
        assert verifying.stdout is not None
        assert verifying.stdout.readline() == f"{HTTP}: 44 packets, no difference\n"
        wait_for_namespace(verifying.pid)
        verifying.send_signal(number)
        verifying.communicate(timeout=60)
    assert verifying.returncode == status
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["http.pcap.jsonl.gz"]
    assert surroundings() == before
    # A namespace without a name lives as long as a process holds it; nft, setting it up, may end a moment later.
    end = time.monotonic() + 10
    while session(verifying.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert not session(verifying.pid)


def session(leader: int) -> list[str]:
    """The processes of a session that have not ended."""
    stats = (stat_of(process).split() for process in Path("/proc").glob("[0-9]*"))
    return [stat[1] for stat in stats if stat[3:4] == [str(leader)] and stat[0] != "Z"]


def stat_of(process: Path) -> str:
    """State, parent, group and session of a process, and more; nothing where it has ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2]
    except OSError:
        return ""


def wait_for_namespace(pid: int) -> None:
    """Wait until a process holds another network namespace than the machine's."""
    home = os.readlink("/proc/self/ns/net")
    for _ in range(1000):
        if open_by(pid) - {home}:
            return
        time.sleep(0.01)
    raise AssertionError("no namespace was made")


def open_by(pid: int) -> set[str]:
    """The network namespaces that a process is in or holds open; none where it has ended."""
    found = set()
    for link in (Path(f"/proc/{pid}/ns/net"), *Path(f"/proc/{pid}").glob("fd/*")):
        with contextlib.suppress(OSError):
            found.add(os.readlink(link))
    return {name for name in found if name.startswith("net:")}
