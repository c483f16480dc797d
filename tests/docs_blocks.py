"""The commands and the code that the manual shows: found in its pages, run, and their output put beside what is shown.

In a block marked ``console`` each line that begins with ``$`` is run, and the lines after it are what a terminal shows then;
a line ``...`` stands for any lines. The blocks marked ``python`` of a page are one program; a block marked ``output`` is
what the block before it prints. ``python tests/docs_blocks.py`` writes today's output into the pages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLE = ROOT / "examples" / "first-plugin"
NEEDS_EXAMPLE = "first-plugin.md"
RUNNABLE = re.compile(r"(ctcore|python examples/|head -c \d+ tests/captures/\S+ \| ctcore) ?")
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


def run(argv: list[str], extra_path: str = "") -> str:
    """What a terminal shows for a command: both outputs, as they come. Times of day are UTC."""
    done = subprocess.run(
        argv, cwd=ROOT, env=environment(extra_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120
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


def run_command(command: str, extra_path: str = "") -> str:
    """Run a line as a shell does."""
    return run(["sh", "-c", command], extra_path)


def run_program(page: Path, extra_path: str = "") -> list[str]:
    """Run the Python blocks of a page as one program; what each of them printed. Raises AssertionError where it fails."""
    separator = f'\nprint("{MARK}", end="")\n'
    source = separator.join(block.text for block in blocks(page, "python"))
    printed = run([sys.executable, "-W", "error", "-c", source], extra_path)
    assert "Traceback" not in printed, printed
    return printed.split(MARK)


def matches(shown: str, real: str) -> bool:
    """Whether a command's output is what the page shows."""
    pattern = re.escape(shown).replace(re.escape("...\n"), r"(?:.*\n)*")
    return re.fullmatch(pattern, real) is not None


def install_example(target: Path) -> None:
    """Install the plugin of the manual into a folder, with pip and hatchling, offline. Raises where that fails."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--no-compile", "--target", str(target), str(EXAMPLE)], check=True, cwd=target)


def refreshed(page: Path, extra_path: str) -> str:
    """The text of a page with today's output."""
    text = page.read_text(encoding="utf-8")
    printed = run_program(page, extra_path) if blocks(page, "python") else []
    number = -1
    changes: list[tuple[Block, str]] = []
    for block in blocks(page, "console", "python", "output"):
        if block.kind == "console":
            new = "".join(
                f"$ {shown.command}\n" + (shown.output if matches(shown.output, real) else real)
                for shown in commands(block)
                for real in [run_command(shown.command, extra_path)]
            )
            changes.append((block, new))
        elif block.kind == "python":
            number += 1
        else:
            changes.append((block, printed[number]))
    for block, new in reversed(changes):
        text = text[: block.start] + new + text[block.start + len(block.text) :]
    return text


def main() -> None:
    """Write today's output into the pages."""
    with tempfile.TemporaryDirectory() as folder:
        install_example(Path(folder))
        for page in PAGES:
            text = refreshed(page, folder if page.name == NEEDS_EXAMPLE else "")
            if text != page.read_text(encoding="utf-8"):
                page.write_text(text, encoding="utf-8")
                print(f"{page.name}: changed")


if __name__ == "__main__":
    main()
