"""Compiles the packet path; see ctcore/building.py. Everything else about the package is in pyproject.toml."""

import runpy
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
building = runpy.run_path(str(HERE / "ctcore" / "building.py"))

MODULES = (
    "chain",
    "confirm",
    "conn",
    "formats.message",
    "formats.text",
    "lifecycle",
    "nodes",
    "ops",
    "packet",
    "pair",
    "receive",
    "replay",
    "slots",
    "sources.link",
    "sources.octets",
    "table",
    "track",
    "wheel",
)

setup(
    ext_modules=building["extensions"](HERE / "ctcore", MODULES, ()),
    cmdclass={"build_ext": building["BuildOrPlain"]},
)
