"""How commands behave: bad captures, failing plugins, closed pipes, Ctrl-C, terminals. Never a traceback."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ctcore import Conn, Packet, l4proto
from ctcore.registry import Registry
from tests.test_cli import CAPTURES, PROGRAM, run, start

pytestmark = pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6")

HTTP, DNS, TOUR = CAPTURES / "http.pcap", CAPTURES / "dns.pcap", CAPTURES / "tour.pcap"
REPLAYING = ("list", "events", "stats", "count", "trace")


def records(capture: Path) -> Iterator[bytes]:
    """The file header and then each record of a pcap file."""
    data, offset = capture.read_bytes(), 24
    yield data[:24]
    while offset < len(data):
        end = offset + 16 + int(struct.unpack_from("<I", data, offset + 8)[0])
        yield data[offset:end]
        offset = end


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A capture whose last packet is cut off."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(TOUR.read_bytes()[:-7])
    return path


@pytest.mark.parametrize("command", REPLAYING)
def test_what_was_tracked_before_a_fault_is_printed(command: str, cut: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.pcap"
    whole.write_bytes(b"".join([*records(TOUR)][:-1]))
    broken, sound = run(command, cut), run(command, whole)
    assert (sound.status, broken.status) == (0, 1)
    assert broken.out == sound.out != ""
    offset, size = whole.stat().st_size, cut.stat().st_size
    sentence = f"ctcore: {cut}: reading stopped at byte {offset} of {size}: "
    assert broken.err.startswith(sound.err + sentence)
    assert len(broken.err.removeprefix(sound.err).splitlines()) == 1


def test_captures_after_a_broken_one_are_not_read(cut: Path) -> None:
    done = run("count", cut, DNS)
    assert (done.status, done.out) == (1, run("count", cut).out)


def test_what_was_tracked_before_a_missing_capture_is_printed(tmp_path: Path) -> None:
    done = run("list", DNS, tmp_path / "missing.pcap")
    assert (done.status, done.out) == (1, run("list", DNS).out)
    assert done.err.endswith(f"ctcore: {tmp_path}/missing.pcap: cannot be opened: No such file or directory\n")


@pytest.mark.parametrize("command", REPLAYING)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be opened: No such file or directory"),
        (b"", "the file is empty, reading stopped at byte 0"),
        (b"GIF89a" * 9, "no pcap or pcapng capture"),
        (b"\x1f\x8b\x08\x00", "packed with gzip"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 127), "link type 127"),
    ],
    ids=["missing", "empty", "foreign", "packed", "link type"],
)
def test_a_capture_that_is_none(command: str, content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    if content is not None:
        path.write_bytes(content)
    done = run(command, path)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"ctcore: {path}: ")
    assert reason in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--bpf", "no such filter"], "libpcap filter 'no such filter': "),
        (["--set", "nf_conntrack_mxa=1"], "unknown sysctl nf_conntrack_mxa; did you mean nf_conntrack_max?"),
        (["--set", "nf_conntrack_max=-1"], "sysctl net.netfilter.nf_conntrack_max cannot be -1: it must be from 0"),
        (["--set", "nf_conntrack_max=many"], "sysctl nf_conntrack_max needs a whole number, not 'many'"),
        (["--set", "nf_conntrack_max"], "a sysctl is set as NAME=VALUE, not 'nf_conntrack_max'"),
        (["--set", "nf_conntrack_count=1"], "sysctl net.netfilter.nf_conntrack_count can only be read"),
        (["--local", "nowhere"], "nowhere is no address of ipv4"),
        (["--no-plugin", "frobnicate"], "no plugin is named frobnicate"),
        (["--no-plugin", "ipv4", "--no-plugin", "ipv6"], "no plugin for a network layer protocol is loaded"),
    ],
)
def test_an_option_that_cannot_be_followed(words: list[str], sentence: str) -> None:
    done = run("list", *words, HTTP)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"ctcore: {sentence}")
    assert len(done.err.splitlines()) == 1


class Broken:
    """A protocol with a fault."""

    name, l4num = "broken", 17

    @l4proto
    def pkt_to_tuple(self, pkt: Packet, dataoff: int) -> bytes | None:
        return pkt.buf[dataoff : dataoff + 4]

    @l4proto
    def invert_tuple(self, u: bytes) -> bytes:
        return u[2:] + u[:2]

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        raise ValueError("no luck today")

    @l4proto
    def print_tuple(self, u: bytes) -> Any:
        return ()


class Mute(Broken):
    """A protocol that tracks, but cannot print."""

    @l4proto
    def packet(self, ct: Conn, pkt: Packet, dataoff: int, ctinfo: int) -> int:
        return 1

    @l4proto
    def print_tuple(self, u: bytes) -> Any:
        raise ValueError("no words")


class Misspelt(Broken):
    @l4proto
    def pakcet(self) -> None: ...


@pytest.fixture
def plugin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a plugin of the test's own in place of udp."""
    load = Registry.load

    def with_plugin(strict: bool = False, without: Any = (), files: Any = ()) -> Registry:
        registry = load(strict, [*without, "udp"], files)
        registry.add("l4proto", request.param, "broken", "ctcore-broken", "0.9")
        return registry

    monkeypatch.setattr(Registry, "load", with_plugin)


@pytest.mark.parametrize("plugin", [Broken], indirect=True)
@pytest.mark.usefixtures("plugin")
def test_a_plugin_that_fails_is_named_once() -> None:
    done = run("stats", "-o", "json", DNS)
    assert done.status == 1
    assert '"invalid": ' in done.out
    assert done.err.count("no luck today") == 1
    first, last = done.err.splitlines()
    assert first == "ctcore: l4proto plugin broken of ctcore-broken 0.9 failed: ValueError: no luck today"
    assert re.fullmatch(r"ctcore: l4proto plugin broken .* failed at \d+ packets, which are INVALID", last)


@pytest.mark.parametrize("plugin", [Broken], indirect=True)
@pytest.mark.usefixtures("plugin")
def test_strict_plugins_stop_at_the_first_failure() -> None:
    done = run("trace", "--strict-plugins", DNS)
    assert done.status == 1
    assert done.lines, "the packets before it"
    *_, last = done.err.splitlines()
    assert last == "ctcore: l4proto plugin broken of ctcore-broken 0.9 failed: ValueError: no luck today"


@pytest.mark.parametrize("plugin", [Mute], indirect=True)
@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("command", ["list", "events", "trace"])
def test_a_plugin_that_cannot_print_is_named(command: str) -> None:
    done = run(command, DNS)
    assert done.status == 1
    assert "ctcore: l4proto plugin broken of ctcore-broken 0.9 failed: ValueError: no words\n" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("plugin", [Misspelt], indirect=True)
@pytest.mark.usefixtures("plugin")
def test_a_plugin_that_is_left_out_is_named() -> None:
    done = run("count", DNS)
    assert done.status == 0
    (line,) = done.err.splitlines()
    assert line.startswith("ctcore: l4proto plugin broken of ctcore-broken 0.9 is left out: ")
    assert "pakcet" in line
    listed = run("plugins")
    assert listed.status == 0
    assert "\nLeft out:\n  l4proto plugin broken of ctcore-broken 0.9: " in listed.out
    strict = run("count", "--strict-plugins", DNS)
    assert (strict.status, strict.out) == (1, "")
    assert len(strict.err.splitlines()) == 1


def test_a_fault_of_ctcore_s_own_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctcore.cli.count.count_line", lambda count: 1 // 0)
    done = run("count", DNS)
    assert (done.status, done.out) == (1, "")
    assert re.fullmatch(
        r"ctcore: a fault of ctcore's own, .* ZeroDivisionError at test_cli_conduct\.py:\d+: .*\n", done.err
    )


@pytest.mark.parametrize("command", REPLAYING)
def test_standard_input(command: str) -> None:
    with HTTP.open("rb") as file:
        process = start(command, "-", stdin=file)
        out, err = process.communicate()
    done = run(command, HTTP)
    assert (process.returncode, out, err) == (done.status, done.out, done.err)


@pytest.mark.parametrize("command", REPLAYING)
def test_a_pipe(command: str) -> None:
    process = subprocess.run([*PROGRAM, command, "-"], input=HTTP.read_bytes(), capture_output=True, check=True)
    done = run(command, HTTP)
    assert (process.stdout.decode(), process.stderr.decode()) == (done.out, done.err)


def test_nothing_on_standard_input() -> None:
    process = start("list", "-", stdin=subprocess.DEVNULL)
    assert process.communicate() == ("", "ctcore: standard input: nothing came, reading stopped at byte 0\n")
    assert process.returncode == 1


@pytest.mark.parametrize("command", ["list", "events", "trace"])
def test_a_closed_pipe_is_quiet(command: str, tmp_path: Path) -> None:
    header, *rest = records(CAPTURES / "transfer-loss.pcap")
    long = tmp_path / "long.pcap"
    long.write_bytes(header + b"".join(rest) * 40)
    reader, writer = os.pipe()
    os.close(reader)
    process = start(command, long, stdout=writer)
    os.close(writer)
    _, err = process.communicate()
    assert process.returncode == 128 + signal.SIGPIPE
    assert err == ""


def test_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        process = start("sysctl", stdout=full)
        _, err = process.communicate()
    assert (process.returncode, err) == (1, "ctcore: standard output: No space left on device\n")


def test_no_standard_output_at_all() -> None:
    process = subprocess.run(["sh", "-c", '"$@" >&-', "sh", *PROGRAM, "list", DNS], capture_output=True, check=False)
    assert (process.returncode, process.stdout) == (0, b"")
    assert process.stderr.startswith(b"conntrack v1.4.7 ")


def feed(process: subprocess.Popen[str], data: bytes) -> None:
    assert process.stdin is not None
    os.write(process.stdin.fileno(), data)


def test_events_come_while_the_pipe_is_open() -> None:
    header, *packets = records(CAPTURES / "udp.pcap")
    process = start("events", "-")
    assert process.stdout is not None
    feed(process, header + b"".join(packets[:4]))
    assert process.stdout.readline().startswith("    [NEW] udp ")
    assert process.poll() is None
    feed(process, b"".join(packets[4:]))
    process.communicate()
    assert process.returncode == 0


def test_ctrl_c_prints_what_was_tracked() -> None:
    header, *packets = records(DNS)
    with start("trace", "-") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        feed(process, header + b"".join(packets[:6]))
        lines = [process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()
        (summary,) = process.stderr.readlines()
    assert [line.rstrip("\n") for line in lines] == run("trace", DNS).lines[: len(lines)]
    assert summary.startswith(f"ctcore: {len(lines)} packets: ")
    assert process.returncode == 130


def test_ctrl_c_prints_the_table() -> None:
    header, *packets = records(DNS)
    process = start("list", "--no-progress", "-")
    feed(process, header + b"".join(packets[:6]))
    waiting_since = time.monotonic()
    while not sleeping(process.pid) and time.monotonic() < waiting_since + 20:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130
    assert err.endswith("flow entries have been shown.\n")
    assert len(out.splitlines()) == int(err.split()[3])


def sleeping(pid: int) -> bool:
    """Whether the process waits in a read of its standard input, all that it was given being used up."""
    wait = Path(f"/proc/{pid}/wchan").read_text()
    return "pipe_read" in wait


IMPATIENT = "import ctcore.cli.progress; ctcore.cli.progress.PATIENCE = 0; import ctcore.__main__"
PATIENT = IMPATIENT.replace("= 0", "= 60")  # longer than a busy machine takes for a small capture


def on_terminal(*command: str | Path) -> tuple[str, str]:
    """Run Python with a terminal as standard error; returns standard output and what the terminal was shown."""
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=end, encoding="utf-8")
        os.close(end)
        seen = b""
        with contextlib.suppress(OSError):  # what Linux answers once the other end is closed
            while piece := screen.read(65536):
                seen += piece
        out, _ = process.communicate()
    assert process.returncode == 0
    return out, seen.decode()


def test_long_work_has_a_progress_bar_on_a_terminal() -> None:
    out, seen = on_terminal("-c", IMPATIENT, "list", HTTP, DNS)
    assert "http.pcap" in seen
    assert "dns.pcap" in seen
    assert out == run("list", HTTP, DNS).out


def test_no_progress_bar_where_none_is_wanted() -> None:
    out, seen = on_terminal("-c", IMPATIENT, "count", "--no-progress", HTTP)
    assert (out, seen) == (run("count", HTTP).out, "")


def test_short_work_has_no_progress_bar() -> None:
    out, seen = on_terminal("-c", PATIENT, "count", HTTP)
    assert (out, seen) == (run("count", HTTP).out, "")


def test_there_is_no_colour_and_no_bar_on_a_pipe() -> None:
    assert "\x1b" not in run("trace", TOUR).out + run("trace", TOUR).err


def test_starting_loads_neither_rich_nor_libpcap() -> None:
    script = (
        "import sys; sys.argv[1:] = ['--version']\n"
        "from ctcore.cli import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'rich', 'pcapy'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
