"""Which build runs, and what becomes of a build that cannot be made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import ctcore
from ctcore import Registry
from ctcore.facade import Facade, hookable

ROOT = Path(__file__).parents[1]
COMPILED = ("ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "udplite", "dccp")
BUILT = shutil.ignore_patterns("*.so", "build", "__pycache__")


def with_declarations(package: Path) -> set[str]:
    """The modules of a package that have a .pxd, dotted, from the package on."""
    found = (path.relative_to(package).with_suffix("") for path in package.rglob("*.pxd"))
    return {".".join(path.parts) for path in found}


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


@pytest.mark.plugins(*COMPILED)
def test_core_and_plugins_are_of_one_build() -> None:
    for kind in ("l3proto", "l4proto"):
        for info in Registry.load(strict=True).loaded(kind):
            if info.name not in COMPILED:
                continue
            plugin = info.factory()
            assert isinstance(hookable(kind, plugin), Facade) is ctcore.COMPILED, info.name


@pytest.mark.compiled
@pytest.mark.plugins(*COMPILED)
@pytest.mark.parametrize("package", ["ctcore", *(f"ctcore_{name}" for name in COMPILED)])
def test_what_has_declarations_is_compiled(package: str) -> None:
    home = Path(str(import_module(package).__file__)).parent
    modules = with_declarations(home)
    assert modules
    for module in modules:
        assert str(import_module(f"{package}.{module}").__file__).endswith(".so"), module


def test_the_manual_names_what_is_compiled() -> None:
    rows = re.findall(r"^\| `(ctcore\S*)` \| (.+) \|$", (ROOT / "docs" / "builds.md").read_text(), re.M)
    told = {name: set(re.findall(r"`([\w.]+)`", modules)) for name, modules in rows}
    packages = {f"ctcore-{name}": ROOT / "plugins" / name / f"ctcore_{name}" for name in COMPILED}
    assert told == {name: with_declarations(path) for name, path in (("ctcore", ROOT / "ctcore"), *packages.items())}


def test_all_plugins_are_compiled_in_one_way() -> None:
    recipes = {path.parent.name: path.read_text() for path in (ROOT / "plugins").glob("*/setup.py")}
    assert set(recipes) == set(COMPILED)
    assert len(set(recipes.values())) == 1


def compiled_in(folder: Path, **environment: str) -> str:
    """What building the distribution in a folder complains of."""
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build"],
        cwd=folder,
        env={**os.environ, "CTCORE_PURE": "", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stderr


@pytest.mark.compiled
def test_a_plugin_is_compiled_without_the_checkout(tmp_path: Path) -> None:
    """As from its sdist: the ctcore that is installed has what it is compiled against."""
    plugin = tmp_path / "one" / "plugin"
    shutil.copytree(ROOT / "plugins" / "icmp", plugin, ignore=BUILT)
    assert "not compiled" not in compiled_in(plugin)
    assert list((plugin / "build").rglob("ctcore_icmp/l4proto.*.so"))


@pytest.mark.compiled
def test_without_a_compiler_plain_python_is_installed(tmp_path: Path) -> None:
    """The build goes on, and one line says what happened."""
    shutil.copytree(ROOT / "ctcore", tmp_path / "ctcore", ignore=BUILT)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    complaints = compiled_in(tmp_path, CC="/nonexistent/cc")
    assert complaints.count("ctcore: not compiled, plain Python is used") == 1
    assert not list((tmp_path / "build").rglob("*.so"))
    assert list((tmp_path / "build").rglob("ctcore/conn.py"))
