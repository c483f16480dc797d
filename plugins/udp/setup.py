"""Compiles the packet path; see ctcore/building.py. Everything else about the package is in pyproject.toml."""

import importlib.util
import runpy
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
MODULES = ("l4proto", "octets")

# In a checkout ctcore lies beside; else what is compiled against is a requirement of the build.
root = HERE.parents[1]
spec = None if (root / "ctcore" / "building.py").exists() else importlib.util.find_spec("ctcore")
if spec is not None and spec.origin is not None:
    root = Path(spec.origin).parents[1]
found = (root / "ctcore" / "building.py").exists()
building = runpy.run_path(str(root / "ctcore" / "building.py")) if found else {}

setup(
    setup_requires=[] if found else ["ctcore>=0.1,<0.2"],
    ext_modules=building["extensions"](HERE / "ctcore_udp", MODULES, (root,)) if found else [],
    cmdclass={"build_ext": building["BuildOrPlain"]} if found else {},
)
