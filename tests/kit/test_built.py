"""As a stranger has it: distributions built, installed from their sdists, and their own tests run from the sdist.

The plugins that ``ctcore new-plugin`` writes, one of each kind, and those in examples/. Nothing but ctcore, with the
plugins that CTCORE_EXPECT_PLUGINS names, is there besides.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

import ctcore
from ctcore.hookspecs import KINDS
from ctcore.scaffold import write
from tests.docs_blocks import copy_example

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
NEW = {kind: f"new-{kind}" for kind in KINDS}

TOOLS = ("build", "hatchling", "mypy", "ruff")

pytestmark = [
    pytest.mark.plugins("ipv4", "tcp", "udp", "icmp"),
    pytest.mark.skipif(
        any(find_spec(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)}: tox -e kit has them"
    ),
]


@dataclass(frozen=True)
class Built:
    """A plugin that was installed from its sdist: where it is installed, and the sdist's own files."""

    target: Path
    source: Path

    def run(self, *command: str, **more: str) -> str:
        """Run a module of Python beside its files, the plugin being installed. Fails with the output."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.target),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.target.parent / "hypothesis"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }
        return run([sys.executable, "-m", *command], self.source, environment)


def run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=540
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def built(project: Path, work: Path) -> Built:
    run([sys.executable, "-m", "build", "--no-isolation", "--sdist", "--outdir", str(work), str(project)], work)
    (sdist,) = work.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    run([*pip, "--target", str(work / "installed"), str(sdist)], work)
    run(["tar", "-xf", str(sdist)], work)
    return Built(work / "installed", work / sdist.name.removesuffix(".tar.gz"))


@pytest.fixture(scope="module", params=[*NEW, *EXAMPLES], ids=lambda param: getattr(param, "name", f"new {param}"))
def plugin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    work = tmp_path_factory.mktemp("plugin")
    project: Path | str = request.param
    if isinstance(project, str):
        write(project, NEW[project], work / "project")
        project = work / "project"
    return built(project, work)


def test_its_own_tests_pass(plugin: Built) -> None:
    told = plugin.run("pytest", "-q", "-p", "no:cacheprovider")
    assert re.search(r"^[1-9]\d* passed in", told, re.MULTILINE), told


def test_ctcore_finds_it(plugin: Built) -> None:
    (mine,) = re.findall(r'^name = "(.*)"', (plugin.source / "pyproject.toml").read_text(), re.MULTILINE)
    found = [
        json.loads(line) for line in plugin.run("ctcore", "plugins", "--strict-plugins", "-o", "json").splitlines()
    ]
    assert [info["problem"] for info in found if info["distribution"] == mine] == [None]


def test_its_types_are_right(plugin: Built) -> None:
    # An installer puts ctcore where mypy finds it; a checkout that is installed in place it does not find.
    types = plugin.target.parent / "types"
    types.mkdir()
    (types / "ctcore").symlink_to(Path(ctcore.__file__).parent)
    told = plugin.run("mypy", "--follow-imports=silent", MYPYPATH=str(types))
    assert "no issues found in 2 source files" in told, "the module and its tests, by its own settings"


def test_it_is_well_kept(plugin: Built) -> None:
    settings = (plugin.source / "pyproject.toml").read_text()
    assert '\nselect = ["E", "F", "W", "I", "B", "C4", "UP", "SIM", "PIE", "PT", "RET", "RUF"]\n' in settings
    plugin.run("ruff", "check", "--no-cache")
    plugin.run("ruff", "format", "--no-cache", "--check")


@pytest.mark.parametrize("plugin", EXAMPLES, indirect=True, ids=lambda path: path.name)
def test_the_manual_has_it_installed_the_same_way(plugin: Built, tmp_path: Path) -> None:
    """Its commands are run with a copy of the example that no installer made."""
    copy_example(plugin.source, tmp_path)
    for path in tmp_path.rglob("*.*"):
        installed = plugin.target / path.relative_to(tmp_path)
        assert installed.exists(), path.name
        if path.name in ("entry_points.txt", "__init__.py"):
            assert installed.read_text() == path.read_text()
