"""Compiles the packet path; see ctcore/building.py. Everything else about the package is in pyproject.toml."""

from pathlib import Path
from runpy import run_path

PACKAGE = Path(__file__).resolve().parent / "ctcore"

run_path(str(PACKAGE / "building.py"))["build"](PACKAGE)
