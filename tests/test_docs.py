"""The manual: every command and every program in it is run, and what it lists is what there is."""

from __future__ import annotations

import inspect
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import ctcore
from ctcore import Registry, testing
from ctcore.hookspecs import SPECS
from tests.docs_blocks import (
    EXAMPLE,
    MANUAL,
    NEEDS_EXAMPLE,
    PAGES,
    ROOT,
    Block,
    Shown,
    blocks,
    commands,
    copy_example,
    environment,
    matches,
    outputs,
    run,
    run_program,
    to_run,
)

DOCS = ROOT / "docs"
EXAMPLE_HOOK = re.compile(r"`((?:l3proto|l4proto|helper|extension|observer)\.\w+)`")
CONSOLE = [(block, shown) for page in PAGES for block in blocks(page, "console") for shown in commands(block)]

pytestmark = pytest.mark.plugins("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6")


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with the manual's plugin in it, installed."""
    folder = tmp_path_factory.mktemp("example")
    copy_example(folder)
    return str(folder)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# What is shown, run.


@pytest.mark.parametrize(("block", "shown"), CONSOLE, ids=[f"{block}-{shown.command}" for block, shown in CONSOLE])
def test_a_command(block: Block, shown: Shown, example: str) -> None:
    command = to_run(shown.command)
    if command is None:
        assert not shown.output, "an output is shown for a command that is not run"
        return
    path = example if block.page.name == NEEDS_EXAMPLE else ""
    if shown.output:
        assert any(matches(shown.output, real) for real in outputs(command, path)), next(outputs(command, path))
    else:
        assert (
            subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment(path), capture_output=True).returncode == 0
        )


@pytest.mark.parametrize("of", [page for page in PAGES if blocks(page, "python")], ids=lambda of: of.name)
def test_a_program(of: Path, example: str) -> None:
    printed = run_program(of, example if of.name == NEEDS_EXAMPLE else "")
    number = -1
    for block in blocks(of, "python", "output"):
        if block.kind == "python":
            number += 1
        else:
            assert printed[number] == block.text, f"{block}"


def test_what_can_be_run_is_run() -> None:
    """Blocks for people alone (``shell``) hold what needs root, a network or another program."""
    for of in PAGES:
        for block in blocks(of, "shell", "sh", "bash"):
            for shown in commands(block):
                assert re.match(r"sudo |pip |python |pytest |\. ", shown.command), f"{block}: mark it console"


# What is listed.


def test_every_hook_is_described_once() -> None:
    told = re.findall(r"^:::\{hook\} (\S+)$", page("vtables.md"), re.MULTILINE)
    hooks = [
        f"{kind}.{name}"
        for kind, spec in SPECS.items()
        for name, thing in vars(spec).items()
        if inspect.isfunction(thing)
    ]
    assert sorted(told) == sorted(hooks)
    bodies = re.findall(r"^:::\{hook\} \S+\n(.*?)^:::$", page("vtables.md"), re.MULTILINE | re.DOTALL)
    for body in bodies:
        assert re.fullmatch(r":Called: .+\n:Raises: .+\n", body), body


def test_the_sysctls_of_every_plugin_are_listed() -> None:
    told = re.findall(r"^```\{sysctls\} (\w+)$", page("sysctls.md"), re.MULTILINE)
    registry = Registry.load(strict=True)
    loaded = (info for kind in ("l3proto", "l4proto") for info in registry.loaded(kind))
    assert sorted(told) == sorted({"core", *(info.name for info in loaded if "sysctls" in info.hooks)})


def test_every_public_name_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", page("library.md")))
    assert set(ctcore.__all__) - {"CtcoreError"} <= told


def test_every_module_of_testing_is_listed() -> None:
    told = re.findall(r"^```\{members\} (\S+)$", page("testing.md"), re.MULTILINE)
    modules = [
        f"ctcore.testing.{path.stem}" for path in Path(testing.__path__[0]).glob("*.py") if path.stem != "__init__"
    ]
    assert sorted(told) == sorted(modules)


def table_fields(heading: str) -> set[str]:
    """The names in the first column of the first table after a heading of formats.md."""
    table = re.search(r"^\|.*?\n\n", page("formats.md").split(heading, 1)[1], re.MULTILINE | re.DOTALL)
    assert table
    rows = table[0].strip().splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_the_json_fields_are_those_that_are_described() -> None:
    settings = [
        "--set",
        "nf_conntrack_acct=1",
        "--set",
        "nf_conntrack_timestamp=1",
        "-o",
        "json",
        "tests/captures/tour.pcap",
    ]
    packets = [json.loads(line) for line in outputs_of("trace", *settings)]
    flows = [packet["entry"] for packet in packets if packet["entry"]]
    events = [event for packet in packets for event in packet["events"]]
    directions = [flow[direction] for flow in flows for direction in ("original", "reply")]
    assert set().union(*packets) == table_fields("### Packets: trace")
    assert set().union(*flows) == table_fields("### Flows: list and events")
    assert set().union(*events) - set().union(*flows) == table_fields("`events` prints the same")
    assert set().union(*directions) == table_fields("A direction:")


def outputs_of(*arguments: str) -> list[str]:
    return run([sys.executable, "-m", "ctcore", *arguments], errors=subprocess.DEVNULL).splitlines()


# What is drawn.


def test_the_drawings_are_what_the_script_draws() -> None:
    drawings = runpy.run_path(str(DOCS / "draw.py"))["DRAWINGS"]
    for name, draw in drawings.items():
        assert draw().svg() == page(name), f"run docs/draw.py: {name} is another drawing"
        assert f"({name})" in page("path.md")


def test_the_drawings_name_hooks_and_counters_that_exist() -> None:
    source = page("draw.py")
    for named in EXAMPLE_HOOK.findall(source):
        kind, hook = named.split(".")
        assert hook in vars(SPECS[kind]), named
    counters = re.findall(r"`(\w+)` \+ 1", source)
    assert counters
    assert set(counters) <= set(ctcore.Net().stat.__slots__)


# The plugin of the manual.


def test_the_page_shows_the_very_files() -> None:
    shown = re.findall(r"^```\{literalinclude\} \.\./(\S+)$", page("first-plugin.md"), re.MULTILINE)
    files = {path for path in EXAMPLE.rglob("*.*") if path.suffix in (".py", ".toml") and path.name != "capture.py"}
    assert {ROOT / path for path in shown} == files


def test_its_own_tests_pass(tmp_path: Path, example: str) -> None:
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")
    settings = {**environment(example), "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b[1-9]\d* passed", done.stdout)


@pytest.mark.skipif(find_spec("hatchling") is None, reason="needs hatchling, which the tox environment docs has")
def test_it_builds_and_installs(tmp_path: Path, example: str) -> None:
    source, target = tmp_path / "first-plugin", tmp_path / "installed"
    shutil.copytree(EXAMPLE, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, env=dict(os.environ), timeout=300)
    for wanted in Path(example).glob("**/*.*"):
        installed = target / wanted.relative_to(example)
        assert installed.exists(), wanted.name
        if wanted.name == "entry_points.txt":
            assert installed.read_text() == wanted.read_text(), "the other tests install it the same way"
    assert any(
        json.loads(line)["name"] == "quiz"
        for line in run(["ctcore", "plugins", "-o", "json"], str(target)).splitlines()
    )


def test_every_page_is_in_the_contents() -> None:
    contents = page("index.md").split()
    assert {path.stem for path in MANUAL} - {"index"} <= set(contents)
