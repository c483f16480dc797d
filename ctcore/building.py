"""How the packet path is compiled: what ``setup.py`` of ctcore and of the plugins that are compiled calls.

A module that has a .pxd file beside it is compiled. Nothing of ctcore is imported here: this runs before there is one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parents[1]  # where the .pxd files of the core are found
DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # the .pxd files alone say what is a C type
    "auto_pickle": False,  # nothing on the packet path is pickled: a sixth of the time that the C compiler takes
    "boundscheck": True,
    "cdivision": True,
    "initializedcheck": False,
}


def build(package: Path) -> None:
    """Let setuptools build the distribution of a package, compiled. CTCORE_PURE=1 asks for plain Python."""
    pure = os.environ.get("CTCORE_PURE") == "1"
    setup(ext_modules=[] if pure else extensions(package), cmdclass={"build_ext": BuildOrPlain})


def extensions(package: Path) -> list[Any]:
    """An extension module for each module of a package that has a .pxd; its source is the .pyx where there is one."""
    found = []
    for declarations in sorted(package.rglob("*.pxd")):
        source = declarations.with_suffix(".pyx")
        if not source.exists():
            source = declarations.with_suffix(".py")
        path = source.relative_to(package.parent)
        name = ".".join(path.with_suffix("").parts)
        found.append(Extension(name, [str(path)], extra_compile_args=["-O3", "-g0", "-w"]))
    return found


class BuildOrPlain(build_ext):  # type: ignore[misc]
    """Compiles all modules or none: without a C compiler the package is plain Python, and one line says so."""

    def run(self) -> None:
        """Build; on any failure forget what was built."""
        try:
            self._translate()
            super().run()
        except Exception as error:
            print(f"ctcore: not compiled, plain Python is used: {error}", file=sys.stderr)
            for output in self.get_outputs():
                Path(output).unlink(missing_ok=True)
            self.extensions: list[Any] = []
            self.distribution.ext_modules = []

    def _translate(self) -> None:
        """Make C of the modules, all at once: each of them reads the .pxd files of others."""
        from Cython.Build import cythonize  # a build requirement, and no more

        self.parallel = True  # as many C compilers as there are processors
        translated = cythonize(
            self.extensions,
            include_path=[".", str(ROOT)],
            compiler_directives=DIRECTIVES,
            build_dir="build/cython",
            quiet=True,
        )
        for extension, done in zip(self.extensions, translated, strict=True):
            extension.sources = done.sources
