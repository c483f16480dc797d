"""The command line itself: help, versions, wrong command lines, completion, what needs no capture."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import EntryPoints
from pathlib import Path

import pytest

import ctcore
from ctcore.cli import main
from ctcore.cli.group import COMMANDS

CAPTURES = Path(__file__).parent / "captures"
PROGRAM = [str(Path(sys.executable).with_name("ctcore"))]  # not -m: before Python 3.11 it finds the checkout's ctcore


@dataclass(frozen=True)
class Run:
    """What a command line did."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def run(*words: str | Path) -> Run:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert isinstance(ended.value.code, int)
    return Run(ended.value.code, out.getvalue(), err.getvalue())


def start(*words: str | Path, **kwargs: object) -> subprocess.Popen[str]:
    """Start a command line as a process of its own, its streams being pipes unless ``kwargs`` say otherwise."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
    environment = {**os.environ, "PYTHONUTF8": "1"}
    command = [*PROGRAM, *map(str, words)]
    return subprocess.Popen(command, encoding="utf-8", env=environment, **pipes)  # type: ignore[call-overload, no-any-return]


VERSION = f"ctcore {ctcore.__version__} ({'compiled' if ctcore.COMPILED else 'plain Python'})\n"


def test_version() -> None:
    done = run("--version")
    assert (done.status, done.out, done.err) == (0, VERSION, "")


@pytest.mark.parametrize("name", ["-h", "--help"])
def test_help_names_every_command(name: str) -> None:
    done = run(name)
    assert done.status == 0
    listed = done.out.partition("\nCommands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == [*COMMANDS]
    assert all(len(line.split()) > 2 for line in listed), "each with what it is for"
    assert "..." not in "".join(listed), "in full"


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str) -> None:
    done = run(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert f"Usage: ctcore {command} " in done.out
    assert "Examples:" in done.out or command == "completion"
    assert max(map(len, done.lines)) <= 80


def test_without_a_command_help_is_shown() -> None:
    done = run()
    assert (done.status, done.out) == (2, "")
    assert "\nCommands:\n" in done.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["frobnicate"], "'frobnicate'"),
        (["list"], "CAPTURE"),
        (["list", "--frobnicate", "x"], "--frobnicate"),
        (["list", "-o", "foo", "x"], "'foo' is none of xml, save, json"),
        (["list", "-o", "save,id", "x"], "cannot combine save"),
        (["list", "-o", "proc", "-o", "id", "x"], "proc cannot be combined"),
        (["events", "-o", "proc", "x"], "'proc' is none of"),
        (["events", "-e", "NEW,FOO", "x"], "'FOO' is none of ALL, NEW, UPDATES, DESTROY"),
        (["trace", "-o", "xml", "x"], "'xml' is not one of"),
        (["list", "-u", "FOO", "x"], "'FOO' is none of EXPECTED, SEEN_REPLY, ASSURED"),
        (["list", "-m", "five", "x"], "'five' is no MARK[/MASK]"),
        (["list", "-m", "1/0x100000000", "x"], "more than 32 bits"),
        (["list", "--sport", "http", "x"], "'http' is no number from 0 to 65535"),
        (["list", "--icmp-type", "256", "x"], "'256' is no number from 0 to 255"),
        (["list", "-w", "-1", "x"], "'-1' is no number from 0 to 65535"),
        (["list", "--clock", "sun", "x"], "'sun'"),
        (["count", "-p", "tcp", "x"], "-p"),
        (["completion", "csh"], "'csh'"),
    ],
)
def test_a_wrong_command_line(words: list[str], named: str) -> None:
    done = run(*words)
    assert (done.status, done.out) == (2, "")
    assert named in done.err
    assert done.err.startswith("Usage: ctcore ")
    assert len(done.err.rstrip().partition("\nError: ")[2].splitlines()) == 1


@pytest.mark.parametrize("shell", ["zsh", "fish", "bash"])
def test_completion_script(shell: str) -> None:
    done = run("completion", shell)
    assert done.status == 0
    assert f"_CTCORE_COMPLETE={shell}_complete" in done.out


@pytest.mark.parametrize(
    ("line", "wanted"), [("ctcore co", {"count", "completion"}), ("ctcore list --stri", {"--strict-plugins"})]
)
def test_completion_completes(line: str, wanted: set[str]) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1), "_CTCORE_COMPLETE": "bash_complete"}
    script = "from ctcore.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **words}, capture_output=True, text=True, check=True
    )
    assert {answer.partition(",")[2] for answer in done.stdout.splitlines()} == wanted


def test_plugins_as_a_table() -> None:
    done = run("plugins")
    assert (done.status, done.err) == (0, "")
    heading, *rows = done.lines
    assert heading.split() == ["KIND", "NAME", "NUMBER", "DISTRIBUTION", "VERSION", "HOOKS"]
    kind, name, number, distribution, version, *hooks = next(row for row in rows if " acct " in row).split()
    assert (kind, name, number, distribution) == ("extension", "acct", "-", "ctcore")
    assert version[0].isdigit()
    assert hooks == ["create"]
    assert "Left out" not in done.out


def test_plugins_without_one() -> None:
    names = [json.loads(line)["name"] for line in run("plugins", "-o", "json").lines]
    fewer = [json.loads(line)["name"] for line in run("plugins", "--no-plugin", "acct", "-o", "json").lines]
    assert "acct" in names
    assert fewer == [name for name in names if name != "acct"]


def test_plugins_without_an_unknown_one() -> None:
    done = run("plugins", "--no-plugin", "frobnicate")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("ctcore: no plugin is named frobnicate: there are acct,")


def test_plugins_with_one_more_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "watch.py"
    path.write_text("from ctcore import observer\nclass W:\n  name = 'w'\n  @observer\n  def packet_seen(self): ...\n")
    rows = run("plugins", "--plugin", path, "-o", "json").lines
    assert json.loads(rows[-1])["distribution"] == str(path)
    assert len(rows) == len(run("plugins", "-o", "json").lines) + 1
    done = run("plugins", "--plugin", tmp_path / "nosuch.py")
    assert (done.status, done.out, done.err) == (1, "", f"ctcore: {tmp_path / 'nosuch.py'}: there is no such file\n")


def test_every_sysctl() -> None:
    done = run("sysctl")
    assert (done.status, done.err) == (0, "")
    settings = dict(line.split(" = ") for line in done.lines)
    assert settings["net.netfilter.nf_conntrack_max"] == "262144"
    assert list(settings) == sorted(settings)


@pytest.mark.parametrize(
    "name",
    ["nf_conntrack_events", "net.netfilter.nf_conntrack_events", "net/netfilter/nf_conntrack_events"],
)
def test_one_sysctl_by_any_of_its_names(name: str) -> None:
    assert run("sysctl", name).out == "net.netfilter.nf_conntrack_events = 2\n"


def test_a_sysctl_explained() -> None:
    value, *sentence = run("sysctl", "-v", "nf_conntrack_generic_timeout").lines
    assert value == "net.netfilter.nf_conntrack_generic_timeout = 600"
    assert "from 0 to 4294967295 seconds" in " ".join(sentence)


def test_a_sysctl_that_can_only_be_read_explained() -> None:
    assert "read only" in run("sysctl", "-v", "nf_conntrack_count").out


def test_sysctl_as_objects() -> None:
    found = json.loads(run("sysctl", "-o", "json", "nf_conntrack_max").out)
    assert (found["name"], found["value"]) == ("net.netfilter.nf_conntrack_max", 262144)
    assert (found["minimum"], found["maximum"], found["unit"]) == (0, 2**31 - 1, None)
    assert found["doc"]


def test_an_unknown_sysctl() -> None:
    done = run("sysctl", "nf_conntrack_mxa")
    assert (done.status, done.out) == (1, "")
    assert done.err == "ctcore: unknown sysctl nf_conntrack_mxa; did you mean nf_conntrack_max?\n"


def test_a_replay_needs_a_network_layer_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctcore.registry.entry_points", lambda: EntryPoints())
    done = run("count", CAPTURES / "http.pcap")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("ctcore: no plugin for a network layer protocol is loaded")
    assert "pip install ctcore-ipv4" in done.err
    assert len(done.err.splitlines()) == 1


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "ctcore", "--version"], cwd="/", capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
