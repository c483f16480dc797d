"""The gate in conftest.py: nothing is green by being absent."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ctcore
from ctcore import Registry

ROOT = Path(__file__).parent.parent
# Without the working directory on sys.path: before 3.11 no option takes it away.
RUN = "import sys; sys.path = [p for p in sys.path if p]; import pytest; sys.exit(pytest.main(sys.argv[1:]))"


def collect(expect: str | None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one small test file as tox does, with CTCORE_EXPECT_PLUGINS as given."""
    env = {**os.environ, **more}
    env.pop("CTCORE_EXPECT_PLUGINS", None)
    if expect is not None:
        env["CTCORE_EXPECT_PLUGINS"] = expect
    arguments = ["-q", "-p", "no:cacheprovider", "--collect-only", "tests/test_vtable.py"]
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def installed() -> str:
    registry = Registry.load()
    return ",".join(info.name for kind in ("l3proto", "l4proto", "helper") for info in registry.loaded(kind))


def test_a_plugin_that_should_load_and_does_not_fails_the_run() -> None:
    done = collect(f"{installed()},nosuch".strip(","))
    assert done.returncode != 0
    assert "expected the plugins" in done.stderr
    assert "nosuch" in done.stderr


def test_the_plugins_that_are_there_will_do() -> None:
    assert collect(installed()).returncode == 0
    assert collect(None).returncode == 0


@pytest.mark.plugins("ipv4")
def test_a_plugin_that_should_not_be_there_fails_the_run_too() -> None:
    done = collect("")
    assert done.returncode != 0
    assert "expected the plugins [], loaded are " in done.stderr


def test_another_ctcore_than_the_installed_one_fails_the_run(tmp_path: Path) -> None:
    package = tmp_path / "ctcore"
    package.mkdir()
    for entry in Path(str(ctcore.__file__)).parent.iterdir():
        (package / entry.name).symlink_to(entry)
    done = collect(None, PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1")
    assert done.returncode != 0
    assert f"the imported ctcore is {package}" in done.stderr
