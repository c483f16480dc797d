"""The manual: every command and every program in it is run, and what it lists is what there is."""

from __future__ import annotations

import inspect
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import ctcore
from ctcore import Registry, testing
from ctcore.hookspecs import SPECS
from ctcore.testing import suite
from tests.docs_blocks import (
    EXAMPLES,
    MANUAL,
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
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """For each page about a plugin a folder with this plugin in it, installed."""
    folder = tmp_path_factory.mktemp("examples")
    for name, example in EXAMPLES.items():
        copy_example(example, folder / name)
    return {name: str(folder / name) for name in EXAMPLES}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


# What is shown, run.


@pytest.mark.parametrize(("block", "shown"), CONSOLE, ids=[f"{block}-{shown.command}" for block, shown in CONSOLE])
def test_a_command(block: Block, shown: Shown, installed: dict[str, str]) -> None:
    command = to_run(shown.command)
    if command is None:
        assert not shown.output, "an output is shown for a command that is not run"
        return
    path = installed.get(block.page.name, "")
    if shown.output:
        assert any(matches(shown.output, real) for real in outputs(command, path)), next(outputs(command, path))
    else:
        assert (
            subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment(path), capture_output=True).returncode == 0
        )


@pytest.mark.parametrize("of", [page for page in PAGES if blocks(page, "python")], ids=lambda of: of.name)
def test_a_program(of: Path, installed: dict[str, str]) -> None:
    printed = run_program(of, installed.get(of.name, ""))
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
                by_hand = r"sudo |pip |python |pytest |\. |cd |ctcore new-plugin "
                assert re.match(by_hand, shown.command), f"{block}: mark it console"


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
        assert re.fullmatch(r":Called: .+\n:Returns: .+\n:Raises: .+\n", body), body


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
    suites = re.findall(r"^```\{laws\} (\w+)$", page("testing.md"), re.MULTILINE)
    assert sorted(suites) == sorted(set(suite.__all__) - {"Suite", "for_all"})


def test_the_file_that_is_a_plugin_is_the_one_that_is_shown() -> None:
    (shown,) = (block.text for block in blocks(DOCS / "develop.md", "python"))
    assert (ROOT / "examples" / "latency.py").read_text(encoding="utf-8").endswith(shown)


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


# The plugins of the manual.


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_the_very_files(name: str) -> None:
    shown = re.findall(r"^```\{literalinclude\} \.\./(\S+)$", page(name), re.MULTILINE)
    capture = EXAMPLES[name] / "capture.py"  # no part of the plugin: the pages may show it
    files = {*EXAMPLES[name].rglob("*.py"), EXAMPLES[name] / "pyproject.toml"}
    assert files - {capture} == {ROOT / path for path in shown} - {capture}


def test_every_page_is_in_the_contents() -> None:
    contents = page("index.md").split()
    assert {path.stem for path in MANUAL} - {"index"} <= set(contents)
