"""Which build runs, and what becomes of a build that cannot be made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ctcore
from ctcore import Registry
from ctcore.facade import Facade, hookable

ROOT = Path(__file__).parents[1]


def build_of(**environment: str) -> str:
    """The build that a new process says it is."""
    names = "ctcore.conn ctcore.nodes"
    script = f"import ctcore, sys; print(ctcore.COMPILED, *(sys.modules[n].__file__[-3:] for n in '{names}'.split()))"
    command, env = [sys.executable, "-c", script], {**os.environ, **environment}
    # Not in the checkout: before Python 3.11 nothing keeps the working directory off sys.path.
    done = subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_plain_python_can_be_asked_for() -> None:
    assert build_of(CTCORE_PURE="1") == "False .py .py"


def test_an_empty_wish_is_none() -> None:
    compiled = any(Path(ctcore.__file__).parent.glob("conn.*.so"))
    assert build_of(CTCORE_PURE="") == ("True .so .so" if compiled else "False .py .py")


@pytest.mark.plugins("ipv4", "tcp", "udp", "icmp")
def test_core_and_plugins_are_of_one_build() -> None:
    for kind in ("l3proto", "l4proto"):
        for info in Registry.load(strict=True).loaded(kind):
            if info.name not in ("ipv4", "tcp", "udp", "icmp"):
                continue
            plugin = info.factory()
            assert isinstance(hookable(kind, plugin), Facade) is ctcore.COMPILED, info.name


@pytest.mark.compiled
def test_without_a_compiler_plain_python_is_installed(tmp_path: Path) -> None:
    """The build goes on, and one line says what happened."""
    shutil.copytree(ROOT / "ctcore", tmp_path / "ctcore", ignore=shutil.ignore_patterns("*.so", "*.c", "__pycache__"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build"],
        cwd=tmp_path,
        env={**os.environ, "CC": "/nonexistent/cc", "CTCORE_PURE": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "ctcore: not compiled, plain Python is used" in done.stderr
    assert not list((tmp_path / "build").rglob("*.so"))
    assert list((tmp_path / "build").rglob("ctcore/conn.py"))
