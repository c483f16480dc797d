"""A new plugin, as a complete distribution: copied from a template that is a plugin itself, called "skeleton".

The templates are in ``ctcore/templates``, a folder for each kind beside what all have in common. In names and contents
of the files "skeleton" becomes the new name, in the spelling that fits the place, and "KIND" the kind.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ctcore.checks import HELPER_NAME
from ctcore.errors import CtcoreError
from ctcore.hookspecs import KINDS
from ctcore.registry import installed

NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PREFIX: Final = "ctcore-"
TEMPLATES: Final = Path(__file__).parent / "templates"
PLACES: Final = re.compile(r"KIND|SKELETON|Skeleton|(?<=_)skeleton|skeleton(?=_)|skeleton")


def spellings(kind: str, name: str) -> Mapping[str, str]:
    """What stands in the place of each word of a template.

    Raises CtcoreError for a kind that does not exist, and for a name that cannot be a plugin's or is one already.
    """
    if kind not in KINDS:
        raise CtcoreError(f"there is no kind of plugins named {kind!r}: there are {', '.join(KINDS)}")
    if keyword.iskeyword(name):
        raise CtcoreError(f"{name!r} cannot be a plugin's name: it is a word of Python's own")
    if not NAME.fullmatch(name):
        raise CtcoreError(
            f"{name!r} cannot be a plugin's name: that begins with a small letter and has small letters, digits and "
            "single hyphens between them"
        )
    if name.startswith(PREFIX):
        raise CtcoreError(f"{name!r} cannot be a plugin's name: {PREFIX} is put before it where it is a distribution's")
    if kind == "helper" and len(name) > HELPER_NAME:
        raise CtcoreError(f"{name!r} is too long for a helper's name: that has at most {HELPER_NAME} letters")
    for found in installed():
        if (found.kind, found.point.name) == (kind, name):
            raise CtcoreError(f"a plugin of the kind {kind} named {name} is installed already")
        if found.distribution == PREFIX + name:
            has = f"the {found.kind} plugin {found.point.name}"
            raise CtcoreError(f"{found.distribution} is installed already, with {has} in it")
    module = name.replace("-", "_")
    return {
        "KIND": kind,
        "skeleton": name,
        "_skeleton": module,
        "SKELETON": module.upper(),
        "Skeleton": "".join(part.capitalize() for part in name.split("-")),
    }


def write(kind: str, name: str, target: Path) -> list[Path]:
    """Write the distribution into the folder ``target``, which must not exist yet; returns its files.

    Raises CtcoreError as ``spellings`` does, and where the folder exists or cannot be written.
    """
    words = spellings(kind, name)
    if target.exists() or target.is_symlink():
        raise CtcoreError(f"{target} exists already, and nothing is overwritten: choose another name or folder")
    found = {**dict(_files(TEMPLATES / "common")), **dict(_files(TEMPLATES / kind))}
    written = []
    try:
        for place, text in sorted(found.items()):
            path = target / _renamed(place, words)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_renamed(text, words), encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise CtcoreError(f"{error.filename or target}: cannot be written: {error.strerror}") from None
    return written


def _files(template: Path) -> Iterator[tuple[str, str]]:
    """The files of a template with their texts, by their place below it; not what tools left in hidden folders."""
    for path in template.rglob("*"):
        place = path.relative_to(template)
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in place.parts[:-1]):
            yield place.as_posix(), path.read_text(encoding="utf-8")


def _renamed(text: str, words: Mapping[str, str]) -> str:
    def word(match: re.Match[str]) -> str:
        found, before, after = match[0], text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        return words["_skeleton" if found == "skeleton" and "_" in (before, after) else found]

    return PLACES.sub(word, text)
