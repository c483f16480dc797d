"""docs/tutorial.md, step by step, as a new author follows it: in an empty folder, in a fresh environment.

Its ``shell`` blocks are run in order; between them the files that the page shows are put where it says. The fresh
environment sees what is installed beside this test (ctcore and the builder), for what a package index would bring.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

import ctcore
from tests.docs_blocks import ROOT, commands
from tests.docs_blocks import Block as Shown
from tests.kit.test_built import pytestmark as pytestmark

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"^```shell\n(?P<shell>.*?)^```$|^Put this into `(?P<file>\S+)`:\n\n```\{literalinclude\} \.\./(?P<source>\S+)$",
    re.MULTILINE | re.DOTALL,
)
# What needs a package index.
NOT_RUN = ("python -m pip install mypy ruff", "python -m pip install build twine", "python -m twine upload")


def steps() -> Iterator[tuple[str, str]]:
    """What the page says: ("run", command) and ("copy", "source target"), in order."""
    for match in STEP.finditer(PAGE):
        if match["shell"]:
            block = Shown(ROOT, 0, 0, "shell", match["shell"])
            yield from (("run", shown.command) for shown in commands(block))
        else:
            yield "copy", f"{match['source']} {match['file']}"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A fresh virtual environment, which looks for packages in this one and nowhere else."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    # mypy looks for what an installer would have put there, and tells nothing of what it finds in it.
    (packages / "ctcore").symlink_to(Path(ctcore.__file__).parent)
    programs = [str(home / "bin"), os.path.dirname(sys.executable), os.environ.get("PATH", "")]
    return {
        **os.environ,
        "PATH": os.pathsep.join(programs),
        "MYPYPATH": "",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: build with what is installed
        "PIP_QUIET": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis"),
    }


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def test_it_is_followed_to_the_end(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    passed: list[int] = []
    for what, how in steps():
        if what == "copy":
            source, target = how.split()
            (folder / target).write_text((ROOT / source).read_text(encoding="utf-8"), encoding="utf-8")
        elif how.startswith("cd "):
            folder /= how[3:]
        elif not how.startswith(NOT_RUN):
            how = f"{how} --no-isolation" if how == "python -m build" else how
            told = run(how, folder, environment)
            passed += [int(count) for count in re.findall(r"(\d+) passed", told)]
    first, last = passed
    assert last > first > 0, "the tests that the page shows came on top of the laws"
    assert {path.suffix for path in (folder / "dist").iterdir()} == {".whl", ".gz"}
    rows = [json.loads(line) for line in run("python -m ctcore plugins -o json", folder, environment).splitlines()]
    assert [row["problem"] for row in rows if row["name"] == "parley"] == [None]
