"""Draws the way of a packet: writes path-hooks.svg, path-in.svg and path-confirm.svg beside itself.

Colours are those of the page that a drawing is part of; alone, it follows the reader's light or dark setting.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

WIDTH = 780
LINE = 18  # pixels from one line of text to the next
STYLE = """
.ct { --ink: var(--color-foreground-primary, #1c1e21); --dim: var(--color-foreground-secondary, #5a5c63);
  --box: var(--color-background-secondary, #f8f9fb); --edge: var(--color-foreground-muted, #6b6f76);
  --mark: var(--color-brand-content, #2757dd); font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .ct { --ink: var(--color-foreground-primary, #cfd0d0);
  --dim: var(--color-foreground-secondary, #9ca0a5); --box: var(--color-background-secondary, #1a1c1e);
  --edge: var(--color-foreground-muted, #81868d); --mark: var(--color-brand-content, #5ca5ff); } }
.ct text { fill: var(--ink); } .ct .dim { fill: var(--dim); } .ct .head { font-weight: 600; }
.ct .code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 12px; fill: var(--mark); }
.ct rect { fill: var(--box); stroke: var(--edge); } .ct .point { stroke: var(--mark); stroke-width: 1.6; }
.ct path { fill: none; stroke: var(--edge); stroke-width: 1.3; } .ct .tip { fill: var(--edge); stroke: none; }
"""


class Drawing:
    """Shapes on a canvas; positions are pixels. Text between ` and ` is code, after ~ it is dim, after ^ a heading."""

    def __init__(self, title: str, height: int) -> None:
        self.height = height
        self.parts = [f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>"]

    def text(self, x: int, y: int, line: str, anchor: str = "start") -> None:
        """One line of text with its base at ``y``."""
        kind = {"~": "dim", "^": "head"}.get(line[:1], "")
        runs = line.lstrip("~^").split("`")
        spans = "".join(
            f'<tspan class="code">{escape(run)}</tspan>' if number % 2 else escape(run)
            for number, run in enumerate(runs)
        )
        self.parts.append(
            f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}" xml:space="preserve">{spans}</text>'
        )

    def box(self, x: int, y: int, width: int, lines: list[str], point: bool = False) -> int:
        """A box as high as its lines need; returns where it ends. ``point`` marks a hook point."""
        height = len(lines) * LINE + 12
        kind = ' class="point"' if point else ""
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5"{kind}/>')
        for number, line in enumerate(lines):
            self.text(x + 12, y + 19 + number * LINE, line)
        return y + height

    def arrow(self, *points: tuple[int, int]) -> None:
        """A line through the points with a tip at the last one."""
        self.parts.append('<path d="M' + " L".join(f"{x},{y}" for x, y in points) + '"/>')
        (x0, y0), (x, y) = points[-2:]
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        back, side = (x - 8 * dx, y - 8 * dy), (4 * dy, 4 * dx)
        corners = ((x, y), (back[0] + side[0], back[1] + side[1]), (back[0] - side[0], back[1] - side[1]))
        self.parts.append('<path class="tip" d="M' + " L".join(f"{cx},{cy}" for cx, cy in corners) + ' Z"/>')

    def way_out(self, y: int, x: int, lines: list[str]) -> None:
        """From a box's right edge ``x`` to where a packet ends up instead."""
        self.arrow((x, y), (x + 30, y))
        for number, line in enumerate(lines):
            self.text(x + 38, y + 4 + number * LINE, line)

    def svg(self) -> str:
        """The whole file."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" class="ct" role="img" viewBox="0 0 {WIDTH} {self.height}">'
        return "\n".join([head, *self.parts, "</svg>"]) + "\n"


def hooks() -> Drawing:
    """The hook points and what runs at them, in the order of the priorities."""
    d = Drawing("The hook points that a packet passes, and what runs at each", 622)
    d.text(150, 22, "^from the wire", "middle")
    d.arrow((150, 30), (150, 48))
    d.box(20, 48, 260, ["link layer", "~Ethernet, VLAN, cooked, raw IP …"])
    d.arrow((150, 96), (150, 116))
    d.box(20, 116, 260, ["receive path  `l3proto.rcv`", "~version, lengths, header checksum"])
    d.way_out(140, 280, ["DROP: thrown away before any hook"])
    d.arrow((150, 164), (150, 186))
    lines = ["^PRE_ROUTING", "-400  `l3proto.defrag`", "~-300  raw: template, zone, no tracking"]
    d.box(20, 186, 280, [*lines, "-200  `conntrack_in`", "~-150  mangle", "~-100  destination address"], point=True)
    d.way_out(221, 300, ["STOLEN:", "a fragment waits"])
    d.arrow((150, 306), (150, 328))
    d.box(20, 328, 260, ["routing  `l3proto.route`", "~addresses, TTL, IP options"])
    d.way_out(352, 280, ["DROP: no route"])
    d.arrow((80, 376), (80, 412))
    d.text(88, 398, "~for the host")
    d.arrow((240, 376), (240, 396), (350, 396), (350, 412))
    d.text(262, 390, "~to forward")
    d.box(20, 412, 230, ["^LOCAL_IN", "~  0  filter", "max  `confirm`"], point=True)
    d.box(280, 412, 150, ["^FORWARD", "~  0  filter"], point=True)
    d.arrow((135, 478), (135, 540))
    d.text(135, 558, "^the host's own sockets", "middle")
    d.arrow((355, 460), (355, 520), (470, 520))
    d.box(470, 488, 270, ["^POST_ROUTING", "~100  source address", "max  `confirm`"], point=True)
    d.text(605, 206, "^from the host itself  (--local)", "middle")
    d.arrow((605, 214), (605, 232))
    d.box(470, 232, 270, ["receive path  `l3proto.rcv`"])
    d.arrow((605, 262), (605, 284))
    lines = ["^LOCAL_OUT", "-400  `l3proto.defrag`", "~-300  raw: template, zone, no tracking"]
    d.box(
        470,
        284,
        270,
        [*lines, "-200  `conntrack_in`, but for fragments", "~-150  mangle", "~-100  destination address"],
        point=True,
    )
    d.arrow((605, 404), (605, 488))
    d.arrow((605, 554), (605, 590))
    d.text(605, 610, "^to the wire", "middle")
    return d


def conntrack_in() -> Drawing:
    """What ``conntrack_in`` does, step by step."""
    d = Drawing("The steps of conntrack_in, and where a packet leaves it early", 1002)
    x, w, mid, right = 40, 400, 240, 440
    steps: list[tuple[list[str], list[str]]] = [
        (
            [
                "1  The packet carries a flow already, or is UNTRACKED?",
                "~    A template is taken off and kept for step 6.",
            ],
            ["ACCEPT, nothing is counted"],
        ),
        (["2  Where is the transport header?  `l3proto.get_l4proto`"], ["nowhere: INVALID   `invalid` + 1"]),
        (
            ["3  ICMP only: check it, attach what it quotes", "    `l4proto.error` (with `error_before_lookup`)"],
            ["refused: INVALID   `error` + 1", "attached: RELATED, nothing is counted"],
        ),
        (["4  Make the tuple", "    `l3proto.pkt_to_tuple`  `l4proto.pkt_to_tuple`"], ["INVALID   `invalid` + 1"]),
        (["5  Look it up in the zone, under both directions", "~    Found: on to step 7."], []),
        (
            [
                "6  Open a flow, not yet in the table",
                "    a  `l4proto.invert_tuple`  `l3proto.invert_tuple`",
                "    b  count it; a full table gives others up",
                "    c  `extension.create` of each type",
                "    d  expected? EXPECTED, master, mark, helper",
                "    e  else the template's helper",
                "    f  expected: `helper.expectfn`",
            ],
            ["a  INVALID   `invalid` + 1", "b  nothing to give up: DROP   `drop` + 1"],
        ),
        (
            [
                "7  Its relation to the flow (ctinfo)",
                "    reply tuple: ESTABLISHED, direction reply",
                "    original tuple: ESTABLISHED after a reply was",
                "    seen, else RELATED if expected, else NEW",
            ],
            [],
        ),
        (["8  Check the transport header", "    `l4proto.error` (all but ICMP)"], ["INVALID   `invalid` + 1"]),
        (["9  Not yet confirmed: may it open a flow?  `l4proto.new`"], ["INVALID   `invalid` + 1"]),
        (
            [
                "10  Judge it, keep the state  `l4proto.packet`",
                "    what it accepts refreshes the timeout and is",
                "    counted; events are remembered",
            ],
            ["INVALID   `invalid` + 1", "DROP   `invalid` + 1, `drop` + 1", "REPEAT: the old flow is gone, back to 4"],
        ),
        (["11  The first reply: SEEN_REPLY, event REPLY"], []),
    ]
    y, ends = 40, []
    d.text(mid, 22, "^conntrack_in, priority -200", "middle")
    d.arrow((mid, 28), (mid, y))
    for number, (lines, outs) in enumerate(steps):
        end = d.box(x, y, w, lines)
        ends.append((y, end))
        if outs:
            middle = (y + end) // 2 if number != 5 else y + 1 * LINE + 15
            d.way_out(middle - (len(outs) - 1) * LINE // 2 if number != 5 else middle, right, outs)
        if number != len(steps) - 1:
            d.arrow((mid, end), (mid, end + 22))
        y = end + 22
    lookup, relation, tuple_, judge = ends[4], ends[6], ends[3], ends[9]
    d.arrow((x, lookup[0] + 24), (x - 22, lookup[0] + 24), (x - 22, relation[0] + 24), (x, relation[0] + 24))
    d.arrow((735, judge[0] + 50), (762, judge[0] + 50), (762, tuple_[0] + 41), (right, tuple_[0] + 41))
    d.arrow((mid, y - 22), (mid, y))
    d.text(mid, y + 20, "^the tracker's verdict", "middle")
    d.height = y + 34
    return d


def confirm() -> Drawing:
    """What ``confirm`` does, step by step."""
    d = Drawing("The steps of confirm, and where a packet leaves it early", 0)
    x, w, mid, right = 40, 400, 240, 440
    steps: list[tuple[list[str], list[str]]] = [
        (["1  The packet has no flow?"], ["ACCEPT"]),
        (
            ["2  The flow has a helper, and this is no related reply?", "    `helper.help`"],
            ["another verdict than ACCEPT is final"],
        ),
        (["3  Confirmed already? Deliver what events are pending."], ["ACCEPT"]),
        (["4  In reply direction?"], ["ACCEPT, not inserted"]),
        (["5  Is the flow dying?"], ["DROP   `insert_failed` + 1"]),
        (
            [
                "6  Does the table hold one of its tuples by now?",
                "~    Where the protocol can bear it, the two are united.",
            ],
            ["united: ACCEPT   `clash_resolve` + 1", "else DROP   `insert_failed` + 1, `drop` + 1"],
        ),
        (["7  Is its chain of the hash table too long?"], ["DROP   `insert_failed` + 1, `chaintoolong` + 1"]),
        (
            [
                "8  Insert it: the timeout begins to run, CONFIRMED,",
                "    start time; events HELPER, then NEW (or RELATED",
                "    for a flow with a master) are delivered",
            ],
            [],
        ),
    ]
    y = 40
    d.text(mid, 22, "^confirm, the last priority", "middle")
    d.arrow((mid, 28), (mid, y))
    for lines, outs in steps:
        end = d.box(x, y, w, lines)
        if outs:
            d.way_out((y + end) // 2 - (len(outs) - 1) * LINE // 2, right, outs)
        d.arrow((mid, end), (mid, end + 22))
        y = end + 22
    d.text(mid, y + 18, "^ACCEPT", "middle")
    d.height = y + 30
    return d


DRAWINGS = {"path-hooks.svg": hooks, "path-in.svg": conntrack_in, "path-confirm.svg": confirm}

if __name__ == "__main__":
    for name, draw in DRAWINGS.items():
        Path(__file__).with_name(name).write_text(draw().svg(), encoding="utf-8")
