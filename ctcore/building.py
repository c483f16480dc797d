"""How the packet path is compiled: for ``setup.py`` of ctcore and of the plugins that are compiled in the same way.

It imports nothing of ctcore: it runs before there is one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.command.build_ext import build_ext

DIRECTIVES = {
    "language_level": 3,
    "annotation_typing": False,  # the .pxd files alone say what is a C type
    "boundscheck": True,
    "cdivision": True,
    "initializedcheck": False,
}


def extensions(package: Path, modules: tuple[str, ...], pxd_roots: tuple[Path, ...]) -> list[Any]:
    """The extension modules for a package's modules (dotted, from the package on); none where plain Python is wanted.

    ``pxd_roots`` are the folders in which the .pxd files of other packages are found. CTCORE_PURE=1 asks for plain
    Python.
    """
    if os.environ.get("CTCORE_PURE") == "1":
        return []
    from Cython.Build import cythonize  # a build requirement, and no more

    root = package.parent
    found = []
    for module in modules:
        path = package.joinpath(*module.split("."))
        source = path.with_suffix(".pyx") if path.with_suffix(".pyx").exists() else path.with_suffix(".py")
        name = f"{package.name}.{module}"
        found.append(Extension(name, [str(source.relative_to(root))], extra_compile_args=["-O3", "-g0", "-w"]))
    return list(
        cythonize(
            found,
            include_path=[str(root), *(str(path) for path in pxd_roots)],
            compiler_directives=DIRECTIVES,
            build_dir="build/cython",
            quiet=True,
        )
    )


class BuildOrPlain(build_ext):  # type: ignore[misc]
    """Compiles all modules or none: without a C compiler the package is plain Python, and one line says so."""

    def run(self) -> None:
        """Build; on any failure forget what was built."""
        try:
            super().run()
        except Exception as error:
            print(f"ctcore: not compiled, plain Python is used: {error}", file=sys.stderr)
            for output in self.get_outputs():
                Path(output).unlink(missing_ok=True)
            self.extensions: list[Any] = []
            self.distribution.ext_modules = []
