"""Another program in ctcore's place, beside the running kernel: with ``ctcore verify`` and with the fuzzer."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from ctcore.errors import SysctlError
from ctcore.verify.fuzz.command import main
from ctcore.verify.fuzz.profiles import EVERY, HELPED, PROFILES, helpers_of
from ctcore.verify.fuzz.settings import TOO_EVEN, settings, steady
from ctcore.verify.recorded import Recording, place
from tests.live.test_kernel import surroundings
from tests.recorded.make import HERE
from tests.test_cli import CAPTURES, run

pytestmark = [pytest.mark.kernel, pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")]

HTTP, TOUR = CAPTURES / "http.pcap", CAPTURES / "tour.pcap"
FUZZED = (HERE / "fuzz-tcp.pcap", HERE / "fuzz-others.pcap")
SELF = f"{shlex.quote(sys.executable)} -m ctcore trace -o json --set={{sysctl}} {{capture}}"
NAIVE = (
    f"{shlex.quote(sys.executable)} -I -S {Path(__file__).parents[2] / 'examples/own-tracker/tracker.py'} {{capture}}"
)
EVERY_PLUGIN = ("ipv6", "icmpv6", "sctp", "gre", "udplite", *(helpers_of(name)[0].partition(":")[0] for name in HELPED))
UNACKNOWLEDGED = "nf_conntrack_tcp_timeout_unacknowledged"


def edited(edit: str) -> str:
    """ctcore, with a line of sed that changes what it prints."""
    script = f"{SELF.replace('{capture}', '$0').replace('--set={sysctl}', '$@')} 2>&- | sed {shlex.quote(edit)}"
    return f"sh -c {shlex.quote(script)} {{capture}} --set={{sysctl}}"


@pytest.mark.parametrize("words", [[], ["--set", "nf_conntrack_tcp_loose=0"], ["--bpf", "tcp port 80"]], ids=str)
def test_ctcore_as_the_program_agrees(words: list[str], tmp_path: Path) -> None:
    before = surroundings()
    done = run("verify", *words, "--tracker", SELF, "--record", tmp_path, HTTP, TOUR, *FUZZED)
    assert surroundings() == before
    assert (done.status, done.err) == (0, ""), done.out
    table = done.lines[done.lines.index("") + 2 :]
    rows = {line[:32].rstrip(): line[32:].split() for line in table}
    assert all(row[0] == row[1] != "0" for row in rows.values())
    assert {"state", "timeout", "wscale", "counters", "events", "reasons"} <= rows.keys()
    recording = Recording(place(tmp_path, str(TOUR)))
    assert recording.bpf == (words[1] if "--bpf" in words else None)
    assert run("verify", "--recorded", tmp_path, TOUR).status == 0


def test_a_tracker_at_fault_differs() -> None:
    done = run("verify", "--tracker", edited('s/"LAST_ACK"/"TIME_WAIT"/'), HTTP)
    assert done.status == 1
    assert any(re.fullmatch(r"  \* +state +kernel  LAST_ACK", line) for line in done.lines)
    assert any(re.fullmatch(r"  \* +tracker TIME_WAIT", line) for line in done.lines)


def test_a_capture_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(TOUR.read_bytes()[:5000])
    for words in ([], ["--tracker", SELF]):
        done = run("verify", *words, path, HTTP)
        assert done.status == 1
        assert re.fullmatch(r".*: [1-9]\d* packets, no difference, as far as it goes", done.lines[0])
        assert done.lines[1] == f"{HTTP}: 44 packets, no difference"
        assert any(line.startswith("all ") for line in done.lines)
        assert re.fullmatch(rf"ctcore: {re.escape(str(path))}: reading stopped at byte \d+ of 5000: .*\n", done.err)


def test_nothing_passes_the_filter() -> None:
    done = run("verify", "--bpf", "tcp port 9", HTTP)
    assert done.status == 1
    assert done.err == f"ctcore: {HTTP}: nothing to compare: no packet came from it\n"


# The fuzzer.


def test_the_fuzzer_takes_ctcore_as_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile=mixed", "--packets=1000", "--seed=1", "--vary", f"--tracker={SELF}"]) == 0
    assert "1000 packets in 2 rounds" in capsys.readouterr().out


@pytest.mark.plugins("ftp", "sip")
@pytest.mark.parametrize("profile", ["ftp", "sip:udp"])
def test_the_fuzzer_tells_it_the_helpers(profile: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = SELF.replace("--set", "--helper={helper} --set")
    assert main([f"--profile={profile}", "--packets=1000", "--seed=1", "--vary", f"--tracker={told}"]) == 0
    assert "1000 packets in 2 rounds" in capsys.readouterr().out


@pytest.mark.plugins("ftp")
def test_the_fuzzer_shrinks_what_a_tracker_does_not_expect(capsys: pytest.CaptureFixture[str]) -> None:
    """A tracker that never heard of helpers, whatever it is told."""
    script = SELF.replace("{capture}", "$0").replace("{sysctl}", "$1")
    deaf = f"sh -c {shlex.quote(script)} {{capture}} {{sysctl}} {{helper}}"
    assert main(["--profile=ftp", "--packets=2000", "--seed=1", f"--tracker={deaf}"]) == 1
    out = capsys.readouterr().out
    assert "HELPERS = ('ftp',)" in out
    assert len(re.findall(r"^    # \d+: ", out, re.MULTILINE)) <= 8


@pytest.mark.plugins(*EVERY_PLUGIN)
def test_flows_with_helpers_are_left_out_where_it_cannot_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--profile=all", "--seconds=1", "--round=1", "--seed=1", f"--tracker={NAIVE} {{sysctl}}"])
    said = capsys.readouterr()
    assert said.err == f"all without {', '.join(sorted(HELPED))}: the tracker's command has no {{helper}}\n"
    summaries = [line for line in said.out.splitlines() if line.startswith("profile ")]
    assert [line.split()[1].rstrip(",") for line in summaries] == sorted(PROFILES)
    assert main(["--profile=ftp", "--packets=1", "--seed=1", f"--tracker={NAIVE} {{sysctl}}"]) == 1
    assert "has no {helper}, so the tracker cannot be told ftp:tcp:21" in capsys.readouterr().err


def test_the_fuzzer_shrinks_what_a_tracker_gets_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile=tcp-close", "--packets=1000", "--round=100", "--seed=1", f"--tracker={NAIVE}"]) == 1
    out = capsys.readouterr().out
    assert re.search(r"^round \d+: packet \d+: \w+: kernel .*, tracker ", out)
    assert len(re.findall(r"^    # \d+: ", out, re.MULTILINE)) <= 3
    assert re.search(r"^# 1 kernel .*\n# 1 tracker ", out, re.MULTILINE)


def test_the_fuzzer_shrinks_what_a_tracker_dies_of(capsys: pytest.CaptureFixture[str]) -> None:
    """A program that dies, before it has printed anything, where there is a segment with just RST and ACK."""
    script = (
        "import re, sys\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "if re.search(rb'\\x08\\x00\\x45.{8}\\x06.{23}\\x14', data, re.DOTALL): sys.exit(9)\n"
        'print(\'{"frame": 1, "ctinfo": "wrong"}\', flush=True)\n'
    )
    guilty = f"{sys.executable} -I -S -c {shlex.quote(script)} {{capture}}"
    assert main(["--profile=tcp", "--packets=200", "--round=200", "--seed=3", f"--tracker={guilty}"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("round 1: packet 0: tracker: kernel 'an answer', tracker ")
    assert "ended with exit status 9 after 0 of 200 packets" in out
    shown = re.findall(r"^    # \d+: .*", out, re.MULTILINE)
    assert len(shown) == 1
    assert "[RA]" in shown[0] or "[AR]" in shown[0]


def test_the_fuzzer_does_not_wait_again_for_one_that_hangs(capsys: pytest.CaptureFixture[str]) -> None:
    hangs = "sh -c 'sleep 60' {capture}"
    assert main(["--packets=100", "--seed=3", f"--tracker={hangs}", "--tracker-timeout=1"]) == 1
    err = capsys.readouterr().err
    assert "said nothing for 1 s after 0 packets (again: python -m ctcore.verify.fuzz --profile=mixed --seed=3" in err


def test_the_command_that_is_printed_does_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = f"{NAIVE} {{sysctl}}"
    main(["--profile=udp", "--packets=900", "--round=100", "--seed=1", "--vary", f"--tracker={wrong}"])
    first = capsys.readouterr().out
    again = re.search(r"^# again: python -m ctcore.verify.fuzz (.*)$", first, re.MULTILINE)
    assert again
    assert main(shlex.split(again[1])) == 1
    second = capsys.readouterr().out
    assert first.partition("\nprofile ")[0] == second.partition("\nprofile ")[0]


@pytest.mark.plugins(*EVERY_PLUGIN)
@pytest.mark.parametrize("seconds", [1, 4])
def test_every_profile_has_its_share_of_the_time(seconds: int, capsys: pytest.CaptureFixture[str]) -> None:
    """However busy the machine is: the first round of a profile is not left out."""
    assert main(["--profile=all", f"--seconds={seconds}", "--round=100", "--seed=5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1].rstrip(",") for line in lines] == sorted(EVERY)
    assert all(re.search(r": [1-9]\d* packets in [1-9]\d* rounds, ", line) for line in lines)


# Settings that cannot be compared.


def test_timeouts_of_120_seconds_are_avoided(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--profile=tcp-close", "--packets=100", "--seed=1", f"--set={UNACKNOWLEDGED}=70"]) == 0
    out = capsys.readouterr().out
    assert all(f"{name}=125" in out for name in TOO_EVEN)


@pytest.mark.parametrize("name", TOO_EVEN)
def test_timeouts_of_120_seconds_are_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--packets=1", f"--set={UNACKNOWLEDGED}=119", f"--set=net.netfilter.{name}=120"]) == 1
    assert f"{name}=120 cannot be compared with {UNACKNOWLEDGED} below 120" in capsys.readouterr().err


def test_no_settings_of_a_round_depend_on_a_tick() -> None:
    fixed = {TOO_EVEN[0]: 120, "nf_conntrack_tcp_loose": 0}
    rounds = [settings(7, number, fixed) for number in range(300)]
    assert all(steady(one) == one and fixed.items() <= one.items() for one in rounds)
    assert any(one.get(UNACKNOWLEDGED, 300) > 300 for one in rounds)
    with pytest.raises(SysctlError):
        steady({**fixed, UNACKNOWLEDGED: 43})


@pytest.mark.parametrize(
    "words", [["--packets", "0"], ["--seconds", "-1"], ["--seed", "x"], ["--profile", "x"]], ids=str
)
def test_a_wrong_command_line(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
