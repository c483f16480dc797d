"""Draws the result of run.py: packets a second of every program; time a packet and memory as flows grow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import ceil, floor, log10

from figures import Result, growth, series
from programs import COMPILED, PLAIN

WIDTH = 780
ROW = 22  # pixels from one program to the next
LEFT, RIGHT = 190, 676  # where the scale of the first panel begins and ends
PANEL = 230  # height of the lower panels
STYLE = """
.b { --ink: #1c1e21; --dim: #5a5c63; --edge: #c4c7cc; --mark: #2757dd; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .b { --ink: #cfd0d0; --dim: #9ca0a5; --edge: #3d4045; --mark: #5ca5ff; } }
.b text { fill: var(--ink); } .b .dim { fill: var(--dim); font-size: 11px; } .b .head { font-weight: 600; }
.b .own { fill: var(--mark); font-weight: 600; } .b .small { font-size: 11px; }
.b .grid { stroke: var(--edge); stroke-width: 0.7; }
.b path { fill: none; stroke: var(--dim); stroke-width: 1.4; } .b path.ours { stroke: var(--mark); stroke-width: 2.2; }
.b circle { fill: var(--dim); stroke: var(--dim); stroke-width: 1.6; } .b circle.hollow { fill: none; }
.b circle.ours { fill: var(--mark); stroke: var(--mark); } .b circle.ours.hollow { fill: none; }
"""
OURS = COMPILED, PLAIN
UNITS = (1e9, "G"), (1e6, "M"), (1e3, "k")

Lines = dict[str, list[tuple[float, float]]]


class Scale:
    """A logarithmic scale from one whole power of ten to another, over so many pixels."""

    def __init__(self, values: Iterable[float], begin: float, end: float) -> None:
        """Take the values that must fit and the pixels of both ends."""
        known = list(values)
        self.low = floor(log10(min(known)))
        self.high = max(ceil(log10(max(known))), self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self.begin + (log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def short(value: float) -> str:
    """A number in few characters."""
    size, unit = next(((size, unit) for size, unit in UNITS if value >= size), (1, ""))
    return f"{value / size:.3g}{unit}"


class Drawing:
    """Shapes; positions are pixels."""

    def __init__(self, title: str) -> None:
        """Take what a reader who cannot see it is told."""
        self.parts = [f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>"]

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Words with their base at ``y``."""
        self.parts.append(f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def grid(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """A line of the grid."""
        self.parts.append(f'<line x1="{x0:.0f}" y1="{y0:.0f}" x2="{x1:.0f}" y2="{y1:.0f}" class="grid"/>')

    def dot(self, x: float, y: float, kind: str) -> None:
        """A measured value."""
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" class="{kind}"/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through points."""
        self.parts.append(f'<path class="{kind}" d="M' + " L".join(f"{x:.1f},{y:.1f}" for x, y in points) + '"/>')

    def svg(self, height: float) -> str:
        """The whole file."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" class="b" role="img" viewBox="0 0 {WIDTH} {height:.0f}">'
        return "\n".join([head, *self.parts, "</svg>"]) + "\n"


def rates(drawing: Drawing, result: Result, top: float) -> float:
    """The first panel: a row a program, a dot for each kind of capture; returns where it ends."""
    found = {
        variant: {name: one.rate for name, one in series(rows).items()} for variant, rows in result["peers"].items()
    }
    names = sorted({name for of in found.values() for name in of})
    names.sort(key=lambda name: -max(of.get(name, 0) for of in found.values()))
    scale = Scale((rate for of in found.values() for rate in of.values()), LEFT, RIGHT)
    drawing.text(12, top, "Packets a second on one core", "head")
    drawing.text(RIGHT, top, "● cut to 96 bytes   ○ whole packets", "dim", "end")
    bottom = top + 14 + ROW * len(names)
    for tick in scale.ticks():
        drawing.grid(scale.at(tick), top + 12, scale.at(tick), bottom)
        drawing.text(scale.at(tick), bottom + 14, short(tick), "dim", "middle")
    for number, name in enumerate(names):
        y = top + 25 + ROW * number
        own = "ours" if name in OURS else ""
        drawing.text(LEFT - 12, y + 4, name, "own" if own else "", "end")
        for variant, of in found.items():
            if name in of:
                drawing.dot(scale.at(of[name]), y, f"{own} {'hollow' if variant == 'full' else ''}".strip())
        drawing.text(RIGHT + 12, y + 4, " / ".join(short(of[name]) for of in found.values() if name in of), "dim")
    return bottom + 14


def lines(drawing: Drawing, title: str, found: Lines, left: float, top: float, unit: str) -> None:
    """A lower panel: a line a program over the number of live flows, its name at its end."""
    begin, end, bottom = left + 42, left + 238, top + PANEL
    across = Scale((x for points in found.values() for x, _ in points), begin, end)
    up = Scale((y for points in found.values() for _, y in points), bottom, top + 16)
    drawing.text(left, top, title, "head")
    for tick in across.ticks():
        drawing.grid(across.at(tick), top + 16, across.at(tick), bottom)
        drawing.text(across.at(tick), bottom + 14, short(tick), "dim", "middle")
    drawing.text((begin + end) / 2, bottom + 30, "live flows", "dim", "middle")
    for tick in up.ticks():
        drawing.grid(begin, up.at(tick), end, up.at(tick))
        drawing.text(begin - 6, up.at(tick) + 4, short(tick) + unit, "dim", "end")
    labels = []
    for name, points in found.items():
        own = "ours" if name in OURS else ""
        drawing.path([(across.at(x), up.at(y)) for x, y in points], own)
        labels.append((up.at(points[-1][1]) + 4, across.at(points[-1][0]) + 6, name))
    above = 0.0
    for y, x, name in sorted(labels):
        above = max(y, above + 13)
        drawing.text(x, above, name, "own small" if name in OURS else "dim")


def chart(result: Result) -> str:
    """The chart of a result, as an SVG file."""
    drawing = Drawing("Packets a second, time a packet and memory of ctcore and of its peers")
    y = 24.0
    if "peers" in result:
        y = rates(drawing, result, y) + 34
    speed: Lines = {}
    size: Lines = {}
    for name, flows, nanoseconds, _ in growth(result, "snapped"):
        if nanoseconds > 0:
            speed.setdefault(name, []).append((flows, nanoseconds))
    for step in result.get("growth", []):
        if step["variant"] == "snapped":
            for name, one in series(step["whole"]).items():
                size.setdefault(name, []).append((step["flows"], one.peak))
    if speed:
        lines(drawing, "Nanoseconds a packet, reading included", speed, 12, y, "")
        lines(drawing, "Memory at its peak, bytes", size, WIDTH / 2 + 12, y, "")
        y += PANEL + 40
    return drawing.svg(y)
