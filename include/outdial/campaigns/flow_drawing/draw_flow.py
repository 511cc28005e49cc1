"""Draws a flow as SVG: for `outdial ivr draw`, and wherever people look at a campaign."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from outdial.campaigns.flow_drawing.cards import Card, Port, Way, cards_of
from outdial.campaigns.flow_drawing.heights import HEADER, LINE, MARGIN, PORT, card_height, port_offset
from outdial.campaigns.flow_drawing.layout import CARD_WIDTH, Layout, Line, Point, lay_out
from outdial.domain.ivr.flow import IvrFlow

TITLE_HEIGHT, FOOT_HEIGHT = 44.0, 34.0
CORNER = 6.0
ARROW = 7.0
FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif"

_KIND_COLOURS = {
    "play": "#2563eb",
    "menu": "#7c3aed",
    "capture": "#0f766e",
    "branch": "#b45309",
    "action": "#475569",
}
# Lines from one card share a colour; neighbours differ, so that they can be followed.
_LINE_COLOURS = ("#1d4ed8", "#047857", "#a16207", "#7e22ce", "#0e7490", "#be185d", "#4d7c0f", "#475569")
_OPT_OUT, _WRONG, _INK, _QUIET, _EDGE = "#b91c1c", "#dc2626", "#0f172a", "#64748b", "#cbd5e1"
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[]/ "), frozenset("mwMW@%")


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    size: float = 13
    colour: str = _INK
    bold: bool = False


def draw_flow(flow: IvrFlow, title: str) -> str:
    """One SVG document; whatever stands in the flow is text in it and nothing else."""
    cards = cards_of(flow)
    layout = lay_out(cards, flow.start_node_id)
    height = layout.height + TITLE_HEIGHT + FOOT_HEIGHT
    width = max(layout.width, 560.0)
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "width": f"{width:g}",
            "height": f"{height:g}",
            "font-family": FONT,
            "font-size": "13",
        },
    )
    ET.SubElement(svg, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    _text(svg, _Text(title, 18, bold=True), (24, 30), width - 48)
    body = ET.SubElement(svg, "g", {"transform": f"translate(0 {TITLE_HEIGHT:g})"})
    colours = {card.node_id: _LINE_COLOURS[nth % len(_LINE_COLOURS)] for nth, card in enumerate(cards)}
    ways = {card.node_id: card.ports for card in cards}
    for line in layout.lines:
        port = ways[line.link.source][line.link.port]
        _draw_line(body, line, port, colours[line.link.source])
    for card in {card.node_id: card for card in cards}.values():
        _draw_card(body, card, layout.corners[card.node_id], colours[card.node_id])
    _draw_start(body, layout, flow.start_node_id)
    foot = "9 opts out at every prompt. Dashed: silence."
    _text(svg, _Text(foot, 12, _QUIET), (24, height - 14), width - 48)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _draw_start(body: ET.Element, layout: Layout, start_id: str) -> None:
    if start_id not in layout.corners:
        return
    x, y = layout.corners[start_id][0], layout.corners[start_id][1] + HEADER / 2
    # Left of every line that comes back.
    ET.SubElement(body, "circle", {"cx": f"{MARGIN / 2:g}", "cy": f"{y:g}", "r": "6", "fill": _INK})
    _stroke(body, f"M{MARGIN / 2:g} {y:g}H{x - ARROW:g}", _INK)
    _arrow(body, (x, y), _INK)


def _draw_card(body: ET.Element, card: Card, corner: Point, colour: str) -> None:
    x, y = corner
    height = card_height(card)
    group = ET.SubElement(body, "g", {"transform": f"translate({x:g} {y:g})"})
    if card.problems:
        ET.SubElement(group, "title").text = _clean("\n".join(card.problems))
    frame = {"width": f"{CARD_WIDTH:g}", "height": f"{height:g}", "rx": "8", "fill": "#ffffff"}
    edge = {"stroke": _WRONG, "stroke-width": "2.5"} if card.problems else {"stroke": _EDGE}
    ET.SubElement(group, "rect", frame | edge)
    kind = _KIND_COLOURS[card.kind]
    head = f"M0 {HEADER:g}V8A8 8 0 0 1 8 0H{CARD_WIDTH - 8:g}A8 8 0 0 1 {CARD_WIDTH:g} 8V{HEADER:g}Z"
    ET.SubElement(group, "path", {"d": head, "fill": kind, "fill-opacity": "0.12"})
    kind_width = _width(card.kind, 11) + 12
    _pair(group, card.node_id, card.kind, kind_width, kind)
    for nth, line in enumerate(card.lines):
        at = (10.0, HEADER + LINE * (nth + 1) - 4)
        _text(group, _Text(line, 12, _QUIET), at, CARD_WIDTH - 20)
    for nth, port in enumerate(card.ports):
        _draw_port(group, port, port_offset(card, nth) - PORT / 2, colour)


def _pair(group: ET.Element, title: str, kind: str, kind_width: float, colour: str) -> None:
    """The id and the kind of a card, at opposite ends: which is which side the script of the id decides."""
    room = CARD_WIDTH - 20 - kind_width
    name, tag = _Text(title, 14, bold=True), _Text(kind, 11, colour)
    if _is_rtl(title):
        _text(group, tag, (10, 20), kind_width)
        _text(group, name, (10 + kind_width, 20), room)
    else:
        _text(group, name, (10, 20), room)
        _text(group, tag, (CARD_WIDTH - 10 - _width(kind, 11), 20), kind_width)


def _draw_port(group: ET.Element, port: Port, top: float, colour: str) -> None:
    shown = _OPT_OUT if port.way is Way.OPT_OUT else _INK
    rule = {"x1": "0", "x2": f"{CARD_WIDTH:g}", "y1": f"{top:g}", "y2": f"{top:g}", "stroke": "#f1f5f9"}
    ET.SubElement(group, "line", rule)
    base = top + PORT - 7
    left = 10.0
    if port.key:
        left += _draw_key(group, port.key, top, shown) + 8
    room = CARD_WIDTH - left - 18
    label = _Text(port.label, 13, shown)
    if port.ends:
        ends = min(_width(port.ends, 12), room - min(_width(port.label, 13), room / 2) - 8)
        _text(group, _Text(port.ends, 12, _QUIET), (CARD_WIDTH - 10 - ends, base), ends + 1)
        room -= ends + 8
    _text(group, label, (left, base), room)
    if port.target is not None:
        fill = _OPT_OUT if port.way is Way.OPT_OUT else colour
        at = {"cx": f"{CARD_WIDTH:g}", "cy": f"{top + PORT / 2:g}"}
        ET.SubElement(group, "circle", at | {"r": "4", "fill": fill})


def _draw_key(group: ET.Element, key: str, top: float, colour: str) -> float:
    """A key as it looks on a telephone; returns its width."""
    width = max(18.0, _width(key, 12) + 8)
    shape = {"width": f"{width:g}", "height": "16", "rx": "4", "fill": "#f1f5f9", "stroke": _EDGE}
    ET.SubElement(group, "rect", shape | {"x": "10", "y": f"{top + 3:g}"})
    middle = {"x": f"{10 + width / 2:g}", "y": f"{top + 15:g}", "text-anchor": "middle"}
    look = {"font-size": "12", "font-weight": "600", "fill": colour}
    ET.SubElement(group, "text", middle | look).text = _clean(key)
    return width


def _draw_line(body: ET.Element, line: Line, port: Port, colour: str) -> None:
    colour = _OPT_OUT if port.way is Way.OPT_OUT else colour
    *points, (x, y) = line.points
    _stroke(body, _rounded([*points, (x - ARROW, y)]), colour, dashed=port.way is Way.SILENCE)
    _arrow(body, (x, y), colour)


def _rounded(points: Sequence[Point]) -> str:
    """A path with its corners taken off."""
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(CORNER, _distance(before, corner) / 2, _distance(corner, after) / 2)
        into, out = _towards(corner, before, radius), _towards(corner, after, radius)
        path += f"L{into[0]:g} {into[1]:g}Q{corner[0]:g} {corner[1]:g} {out[0]:g} {out[1]:g}"
    return f"{path}L{points[-1][0]:g} {points[-1][1]:g}"


def _distance(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a: Point, b: Point, by: float) -> Point:
    distance = _distance(a, b)
    share = by / distance if distance else 0.0
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def _stroke(body: ET.Element, path: str, colour: str, *, dashed: bool = False) -> None:
    line = {"d": path, "fill": "none", "stroke": colour, "stroke-width": "1.6"}
    ET.SubElement(body, "path", line | ({"stroke-dasharray": "5 4"} if dashed else {}))


def _arrow(body: ET.Element, at: Point, colour: str) -> None:
    x, y = at
    shape = f"M{x:g} {y:g}l{-ARROW:g} {-ARROW / 2 - 0.5:g}v{ARROW + 1:g}Z"
    ET.SubElement(body, "path", {"d": shape, "fill": colour})


def _text(parent: ET.Element, text: _Text, at: Point, room: float) -> None:
    """A text in `room`; what is too long is cut, its tooltip has it all. Hebrew and Arabic from the right."""
    written = _clean(text.text)
    x, y = at
    look = {"y": f"{y:g}", "font-size": f"{text.size:g}", "fill": text.colour}
    look |= {"font-weight": "600"} if text.bold else {}
    side = {"x": f"{x + room:g}", "direction": "rtl"} if _is_rtl(written) else {"x": f"{x:g}"}
    element = ET.SubElement(parent, "text", look | side)
    element.text = _shortened(written, room, text.size)
    if element.text != written:
        ET.SubElement(element, "title").text = written


def _shortened(text: str, room: float, size: float) -> str:
    if _width(text, size) <= room:
        return text
    kept = text
    while kept and _width(f"{kept}…", size) > room:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def _width(text: str, size: float) -> float:
    """About how wide; rather too much."""
    return sum(_share(char) for char in text) * size


def _share(char: str) -> float:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(char) in {"W", "F"}:
        return 1.05
    if char in _NARROW:
        return 0.4
    return 0.95 if char in _WIDE else 0.64


def _is_rtl(text: str) -> bool:
    """Is its first letter of a script that runs from the right?"""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in {"L", "R", "AL"}:
            return direction != "L"
    return False


def _clean(text: str) -> str:
    """What XML may hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
