"""Compiles the modules that have a .pxd; see ctcore/building.py. Everything else is in pyproject.toml."""

from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

from setuptools import setup

HERE = Path(__file__).resolve().parent

# In a checkout ctcore lies beside; else what is compiled against is a requirement of the build.
places = [HERE.parents[1] / "ctcore"]
installed = find_spec("ctcore")
if installed is not None:
    places += map(Path, installed.submodule_search_locations or ())
found = [place / "building.py" for place in places if (place / "building.py").exists()]
if found:
    run_path(str(found[0]))["build"](next(HERE.glob("ctcore_*/__init__.py")).parent)
else:
    setup(setup_requires=["ctcore>=0.1,<0.2"])
