"""``ctcore new-plugin``: what it writes, under which names, what it refuses. (tests/kit has it built and used.)"""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path

import pytest

import ctcore
from ctcore import CtcoreError
from ctcore.hookspecs import KINDS
from ctcore.scaffold import TEMPLATES, spellings, write
from tests.test_cli import run

FILES = {
    ".gitignore",
    "README.md",
    "pyproject.toml",
    "tox.ini",
    "ctcore_two_words/__init__.py",
    "ctcore_two_words/py.typed",
    "tests/test_two_words.py",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_complete_distribution(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "new"
    written = write(kind, "two-words", target)
    assert {path.relative_to(target).as_posix() for path in written} == FILES
    assert all(path.is_file() for path in written)
    texts = "".join(path.read_text() for path in written)
    assert not re.search("[sS]keleton|SKELETON|KIND", texts)
    project = (target / "pyproject.toml").read_text()
    assert 'name = "ctcore-two-words"' in project
    assert f'[project.entry-points."ctcore.{kind}"]\ntwo-words = "ctcore_two_words:TwoWords"\n' in project
    module = (target / "ctcore_two_words/__init__.py").read_text()
    assert "class TwoWords:" in module
    assert 'name = "two-words"' in module


def test_there_is_a_template_for_each_kind() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == {*KINDS, "common"}


@pytest.mark.parametrize("kind", ["common", "l3proto", "l4proto"])
def test_a_new_plugin_takes_this_ctcore(kind: str) -> None:
    wanted = re.search(r"ctcore>=([0-9.]+),<([0-9.]+)", (TEMPLATES / kind / "pyproject.toml").read_text())
    assert wanted
    low, high = ([int(part) for part in bound.split(".")] for bound in wanted.groups())
    assert low <= [int(part) for part in ctcore.__version__.split(".")] < high
    assert any("construct>=2.10.68" in line for line in requires("ctcore") or ()), "as the templates ask for"


@pytest.mark.parametrize("name", ["", "9a", "Echo", "echo_2", "a--b", "-a", "a-", "ä", "a/b", "../a", "a b"])
def test_what_cannot_be_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(CtcoreError, match="cannot be a plugin's name: that begins with a small letter"):
        write("observer", name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_other_names_and_kinds_that_will_not_do() -> None:
    with pytest.raises(CtcoreError, match=r"^'class' cannot be a plugin's name: it is a word of Python's own$"):
        spellings("observer", "class")
    with pytest.raises(CtcoreError, match=r"^'ctcore-a' cannot be a plugin's name: ctcore- is put before it where"):
        spellings("observer", "ctcore-a")
    with pytest.raises(CtcoreError, match="'a-name-too-long-for-it' is too long for a helper's name"):
        spellings("helper", "a-name-too-long-for-it")
    assert spellings("observer", "a-name-too-long-for-it")
    with pytest.raises(CtcoreError, match=r"^a plugin of the kind extension named acct is installed already$"):
        spellings("extension", "acct")
    with pytest.raises(CtcoreError, match=r"^there is no kind of plugins named 'frob': there are l3proto, l4proto"):
        spellings("frob", "a")


@pytest.mark.plugins("tcp")
def test_a_distribution_that_is_installed_is_not_given_a_second_plugin() -> None:
    """Both would be called ctcore-tcp, and installing the new one would take the old one away."""
    with pytest.raises(CtcoreError, match=r"^ctcore-tcp is installed already, with the l4proto plugin tcp in it$"):
        spellings("helper", "tcp")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "here"
    target.mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in (target, tmp_path / "link"):
        with pytest.raises(CtcoreError, match="exists already, and nothing is overwritten"):
            write("observer", "new", taken)
    assert list(target.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CtcoreError, match=r"file.*: cannot be written: Not a directory"):
        write("observer", "new", tmp_path / "file" / "new")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("new-plugin", "helper", "chatter")
    assert (done.status, done.err) == (0, "")
    *files, _, what, _, first, second, third = done.lines
    assert [Path(file).is_file() for file in files] == [True] * len(FILES)
    assert what == "This is the helper plugin chatter. Next:"
    assert (first, second, third) == (
        "  cd ctcore-chatter",
        "  python -m pip install -e '.[test]'",
        "  python -m pytest",
    )
    again = run("new-plugin", "helper", "chatter")
    assert (again.status, again.out) == (1, "")
    assert (
        again.err
        == "ctcore: ctcore-chatter exists already, and nothing is overwritten: choose another name or folder\n"
    )
    elsewhere = run("new-plugin", "helper", "chatter", "--directory", tmp_path / "other place")
    assert elsewhere.status == 0
    assert f"  cd '{tmp_path}/other place'" in elsewhere.lines
    assert run("new-plugin", "helper").status == 2
    assert run("new-plugin", "frob", "x").status == 2
