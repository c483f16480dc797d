"""The commands and the code that the manual shows: found in its pages, run, and their output put beside what is shown.

In a block marked ``console`` each line that begins with ``$`` is run, and the lines after it are what a terminal or a
pipe shows then; a line ``...`` stands for any lines. The blocks marked ``python`` of a page are one program; a block
marked ``output`` is what the block before it prints. ``python tests/docs_blocks.py`` writes today's output into the
pages of the manual.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANUAL = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", *MANUAL]
TUTORIAL = ROOT / "examples" / "parley"
EXAMPLES = {"first-plugin.md": ROOT / "examples" / "quiz", "tutorial.md": TUTORIAL}
"""The plugin that a page is about: it is installed where the commands of the page run."""
INSTALL = r"(?:python -m pip install \. \./plugins/\* && )?"
SOURCE = r"(?:python (?:examples/\S+|capture\.py) \| |head -c \d+ tests/captures/\S+ \| )?"
CHOICE = r"(?:CTCORE_\w+=\S+ )*"
RUN = re.compile(f"{INSTALL}({SOURCE}{CHOICE}ctcore .*)")
NOT_RUN = ("python -m pip install tox && ",)  # half an hour, and what .ci/run does
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
MARK = "\x1e"  # between the outputs of two blocks of a program


@dataclass(frozen=True)
class Block:
    """A fenced block: where its text begins in the page and on which line, how it is marked, and the text."""

    page: Path
    start: int
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True)
class Shown:
    """A command of a console block, and the output that the page shows for it."""

    command: str
    output: str


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The blocks of a page that are marked with one of ``kinds``, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, match.start(2), text.count("\n", 0, match.start(2)), match[1], match[2])
        for match in FENCE.finditer(text)
        if match[1] in kinds
    ]


def commands(block: Block) -> Iterator[Shown]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield Shown(command, output)


def to_run(command: str) -> str | None:
    """What of a command is run: its call of ctcore, installed as it is; None for what is left out on purpose.

    ``capture.py`` is that of the example which the tutorial makes.

    Raises ValueError for a command of another kind: a block of those is to be marked ``shell``.
    """
    if command.startswith(NOT_RUN):
        return None
    found = RUN.fullmatch(command)
    if not found:
        raise ValueError(f"a test cannot run {command!r}")
    return found[1].replace("python capture.py", f"python {TUTORIAL.relative_to(ROOT)}/capture.py")


def run(argv: list[str], extra_path: str = "", errors: int = subprocess.STDOUT) -> str:
    """What a terminal shows for a command: both outputs, as they come. Times of day are UTC."""
    done = subprocess.run(
        argv, cwd=ROOT, env=environment(extra_path), stdout=subprocess.PIPE, stderr=errors, timeout=120
    )
    return done.stdout.decode()


def environment(extra_path: str) -> Mapping[str, str]:
    """This process's environment, with the installed commands first, and ``extra_path`` for Python to import from."""
    programs = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    return {
        **os.environ,
        "PATH": programs,
        "PYTHONPATH": extra_path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "COLUMNS": "100",
    }


def outputs(command: str, extra_path: str = "") -> Iterator[str]:
    """What a shell's command shows: on a terminal, and in a pipe."""
    yield run(["sh", "-c", command], extra_path)
    yield run(["sh", "-c", command], extra_path, subprocess.DEVNULL)


def run_program(page: Path, extra_path: str = "") -> list[str]:
    """Run the Python blocks of a page as one program; what each of them printed. AssertionError where it fails."""
    separator = f'\nprint("{MARK}", end="")\n'
    source = separator.join(block.text for block in blocks(page, "python"))
    printed = run([sys.executable, "-W", "error", "-c", source], extra_path)
    assert "Traceback" not in printed, printed
    return printed.split(MARK)


def matches(shown: str, real: str) -> bool:
    """Whether a command's output is what the page shows."""
    pattern = re.escape(shown).replace(re.escape("...\n"), r"(?:.*\n)*")
    return re.fullmatch(pattern, real) is not None


def copy_example(example: Path, target: Path) -> None:
    """Put an example into a folder as an installer does: the package, and what is known of it."""
    settings = (example / "pyproject.toml").read_text(encoding="utf-8")
    name, version, points = (
        re.search(pattern, settings, re.MULTILINE | re.DOTALL)
        for pattern in (r'^name = "(.*?)"', r'^version = "(.*?)"', r'^\[project.entry-points."(.*?)"\]\n(.*?)\n\n')
    )
    assert name
    assert version
    assert points
    package = name[1].replace("-", "_")
    known = target / f"{package}-{version[1]}.dist-info"
    known.mkdir(parents=True)
    (known / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {name[1]}\nVersion: {version[1]}\n", encoding="utf-8"
    )
    text = points[2].replace('"', "")
    (known / "entry_points.txt").write_text(f"[{points[1]}]\n{text}\n")
    shutil.copytree(example / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))


def refreshed(page: Path, extra_path: str) -> str:
    """The text of a page with today's output."""
    text = page.read_text(encoding="utf-8")
    printed = run_program(page, extra_path) if blocks(page, "python") else []
    number = -1
    changes: list[tuple[Block, str]] = []
    for block in blocks(page, "console", "python", "output"):
        if block.kind == "console":
            changes.append((block, "".join(today(shown, extra_path) for shown in commands(block))))
        elif block.kind == "python":
            number += 1
        else:
            changes.append((block, printed[number]))
    for block, new in reversed(changes):
        text = text[: block.start] + new + text[block.start + len(block.text) :]
    return text


def today(shown: Shown, extra_path: str) -> str:
    """A command and its output, as shown where that is right, else as it is."""
    command = to_run(shown.command)
    output = shown.output
    if command is not None and not any(matches(output, real) for real in outputs(command, extra_path)):
        output = next(outputs(command, extra_path))
    return f"$ {shown.command}\n{output}"


def main() -> None:
    """Write today's output into the pages of the manual."""
    with tempfile.TemporaryDirectory() as folder:
        for name, example in EXAMPLES.items():
            copy_example(example, Path(folder, name))
        for page in MANUAL:
            text = page.read_text(encoding="utf-8")
            new = refreshed(page, str(Path(folder, page.name)) if page.name in EXAMPLES else "")
            if new != text:
                page.write_text(new, encoding="utf-8")
                print(f"{page.name}: changed")


if __name__ == "__main__":
    main()
