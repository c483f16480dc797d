"""What the manual takes from the code itself: hooks, settings, the names of a module. And drawings inside the page.

Four directives: ``hook`` shows a hook's signature and docstring above what the page says about it, ``sysctls`` the
settings of a plugin or of the core as a table, ``members`` the public names of a module, ``laws`` those of a suite.
"""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from ctcore import Net, Registry, Sysctl
from ctcore.hookspecs import REQUIRED, SPECS
from ctcore.testing import suite

LARGEST = {2**31 - 1: "2³¹-1", 2**32 - 1: "2³²-1", 2**64 - 1: "2⁶⁴-1"}


class HookDirective(SphinxDirective):
    """``{hook} kind.name``: raises KeyError for a hook that the code does not have."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        kind, name = self.arguments[0].split(".")
        function = vars(SPECS[kind])[name]
        lines = ["::::{py:method} " + f"{kind}.{name}{signature_of(function, method=True)}", ""]
        if name in REQUIRED[kind]:
            lines += ["*Required.*", ""]
        said = [re.sub(r"^:Raises: (.*)$", r":Raises: [\1](#when-a-hook-raises)", line) for line in self.content]
        lines += [*(inspect.getdoc(function) or "").splitlines(), "", *said, "::::"]
        return self.parse_text_to_nodes("\n".join(lines))


class SysctlsDirective(SphinxDirective):
    """``{sysctls} name``: those of the plugin ``name``, or of the core where the name is ``core``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(sysctl_table(sysctls_of(self.arguments[0]))))


class MembersDirective(SphinxDirective):
    """``{members} module``: its public functions and classes, each with the first paragraph of its docstring."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module = import_module(self.arguments[0])
        lines: list[str] = []
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            lines += member(name, thing)
        return self.parse_text_to_nodes("\n".join(lines))


class LawsDirective(SphinxDirective):
    """``{laws} Suite``: what the suite is for, and each of its laws in words."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        found = vars(suite)[self.arguments[0]]
        lines = ["::::::{py:class} " + found.__name__, "", *(inspect.getdoc(found) or "").splitlines(), ""]
        for name in sorted(law for law in dir(found) if law.startswith("test_")):
            more = inspect.getdoc(getattr(found, name))
            lines.append(f"- {name.removeprefix('test_').replace('_', ' ')}" + (f": {more}" if more else ""))
        return self.parse_text_to_nodes("\n".join([*lines, "", "::::::"]))


def member(name: str, thing: Any) -> list[str]:
    """A function, or a class with its methods, as lines of MyST; nothing for anything else."""
    if inspect.isclass(thing):
        lines = ["::::::{py:class} " + name + signature_of(thing), "", first_paragraph(thing), ""]
        for method, function in vars(thing).items():
            if method.startswith("_"):
                continue
            if isinstance(function, property):
                lines += [":::::{py:property} " + method, "", first_paragraph(function), ":::::"]
            elif inspect.isfunction(function):
                lines += [":::::{py:method} " + method + signature_of(function, method=True)]
                lines += ["", first_paragraph(function), ":::::"]
        return [*lines, "::::::", ""]
    if inspect.isfunction(thing):
        return ["::::::{py:function} " + name + signature_of(thing), "", first_paragraph(thing), "::::::", ""]
    return []


class Written:
    """An annotation that is shown as it is written, without the quotes of a text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def signature_of(thing: Any, method: bool = False) -> str:
    """The signature as it is written; of a method without ``self``."""
    signature = inspect.signature(getattr(thing, "__wrapped__", thing))
    parameters = [p.replace(annotation=Written(str(p.annotation))) for p in signature.parameters.values()]
    answer = inspect.Signature.empty if inspect.isclass(thing) else Written(str(signature.return_annotation))
    return str(signature.replace(parameters=parameters[method:], return_annotation=answer))


def first_paragraph(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0]


def sysctls_of(name: str) -> list[Sysctl]:
    """The settings that a protocol plugin brings, or those that no plugin brings, sorted by name."""
    settings = Net(Registry.load(strict=True)).sysctl
    brought = {
        info.name: {sysctl.path for sysctl in getattr(info.factory(), "sysctls", tuple)()}
        for kind in ("l3proto", "l4proto")
        for info in Registry.load(strict=True).loaded(kind)
    }
    paths = set(settings) - set().union(*brought.values()) if name == "core" else brought[name]
    return [settings.find(path) for path in sorted(paths)]


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def sysctl_table(sysctls: list[Sysctl]) -> list[str]:
    rows = ["| Name | Default | Range | Unit | Meaning |", "|---|--:|---|---|---|"]
    for sysctl in sysctls:
        most = LARGEST.get(sysctl.maximum, str(sysctl.maximum))
        span = "read only" if sysctl.read_only else f"{sysctl.minimum} to {most}"
        span += f", from `{_last(sysctl.floor)}` on" if sysctl.floor else ""
        span += f", up to `{_last(sysctl.ceiling)}`" if sysctl.ceiling else ""
        name = sysctl.name if sysctl.name.startswith("nf_") else sysctl.path
        rows.append(f"| `{name}` | {sysctl.default} | {span} | {sysctl.unit or '-'} | {sysctl.doc} |")
    return rows


class InlineDrawings(SphinxPostTransform):
    """SVG images become part of the page, so that their colours can follow its theme."""

    default_priority = 5
    formats = ("html",)

    def run(self, **_: Any) -> None:
        for image in list(self.document.findall(nodes.image)):
            if image["uri"].endswith(".svg"):
                source = (Path(self.app.srcdir) / image["uri"]).read_text(encoding="utf-8")
                whole = image.parent if isinstance(image.parent, nodes.paragraph) else image
                whole.replace_self(nodes.raw("", f'<div class="drawing">{source}</div>', format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("hook", HookDirective)
    app.add_directive("sysctls", SysctlsDirective)
    app.add_directive("members", MembersDirective)
    app.add_directive("laws", LawsDirective)
    app.add_post_transform(InlineDrawings)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
