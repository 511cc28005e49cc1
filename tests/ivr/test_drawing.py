"""A drawn flow can be followed: no line runs over another or through a card, and all text stays text."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from outdial.campaigns.flow_drawing.cards import cards_of
from outdial.campaigns.flow_drawing.draw_flow import draw_flow
from outdial.campaigns.flow_drawing.heights import card_height
from outdial.campaigns.flow_drawing.layout import CARD_WIDTH, Layout, Line, Point, lay_out
from outdial.domain.ivr.flow import IvrFlow
from tests.ivr.flows import ANY_FLOW, appeal

SVG = "{http://www.w3.org/2000/svg}"
Segment = tuple[Point, Point]


def laid_out(flow: IvrFlow) -> tuple[Layout, dict[str, float]]:
    """The layout, and how high each card is."""
    cards = {card.node_id: card for card in cards_of(flow)}
    return lay_out(list(cards.values()), flow.start_node_id), {
        node_id: card_height(card) for node_id, card in cards.items()
    }


def segments(line: Line) -> list[Segment]:
    return [(a, b) for a, b in pairwise(line.points) if a != b]


def shared(a: tuple[float, float], b: tuple[float, float]) -> float:
    """How much two spans have in common."""
    return min(max(a), max(b)) - max(min(a), min(b))


def run_over(one: Segment, other: Segment) -> bool:
    """Do they lie upon each other, rather than cross?"""
    for along, across in ((0, 1), (1, 0)):
        if all(abs(a[across] - b[across]) < 1e-6 for a, b in (one, other)):
            spans = [(a[along], b[along]) for a, b in (one, other)]
            return abs(one[0][across] - other[0][across]) < 3 and shared(*spans) > 1
    return False


def faults(flow: IvrFlow) -> list[str]:
    """What would be ugly about the drawing of a flow."""
    layout, heights = laid_out(flow)
    return [
        *(fault for line in layout.lines for fault in _faults_of(line, layout, heights)),
        *(
            f"{one.link} runs over {other.link}"
            for one, other in combinations(layout.lines, 2)
            if any(run_over(a, b) for a in segments(one) for b in segments(other))
        ),
        *(
            f"{a} lies upon {b}"
            for (a, (ax, ay)), (b, (bx, by)) in combinations(layout.corners.items(), 2)
            if ax == bx and shared((ay, ay + heights[a]), (by, by + heights[b])) > 0
        ),
    ]


def _faults_of(line: Line, layout: Layout, heights: dict[str, float]) -> Iterator[str]:
    for (x1, y1), (x2, y2) in segments(line):
        if x1 != pytest.approx(x2) and y1 != pytest.approx(y2):
            yield "a slanting line"
        if min(x1, x2, y1, y2) < 0 or max(x1, x2) > layout.width or max(y1, y2) > layout.height:
            yield "a line beyond the edge"
        for node_id, (left, top) in layout.corners.items():
            across = shared((x1, x2), (left + 1, left + CARD_WIDTH - 1))
            if across >= 0 and shared((y1, y2), (top + 1, top + heights[node_id] - 1)) >= 0:
                yield f"a line through {node_id}"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ANY_FLOW)
def test_any_flow_can_be_followed(flow: IvrFlow) -> None:
    assert faults(flow) == []


def a_tangle(seed: int) -> IvrFlow:
    """Many nodes, and ways from each to many others, forwards and back."""
    dice = random.Random(seed)
    ids = [f"n{nth}" for nth in range(dice.randint(5, 14))]
    nodes: list[dict[str, Any]] = []
    for node_id in ids:
        kind = dice.choice(["menu", "menu", "play_audio", "capture_input"])
        node = {"id": node_id, "type": kind, "audioUrl": "sound:a", "nextNodeId": dice.choice([*ids, None])}
        if kind == "menu":
            keys = dice.sample("12345678", dice.randint(1, 6))
            to = [{"type": "goto", "parameters": {"nodeId": dice.choice(ids)}} for _ in keys]
            node["actions"] = dict(zip(keys, to, strict=True))
        nodes.append(node)
    return IvrFlow.model_validate({"nodes": nodes, "startNodeId": ids[0]})


@pytest.mark.parametrize("seed", range(25))
def test_a_tangled_flow_can_be_followed(seed: int) -> None:
    assert faults(a_tangle(seed)) == []


def test_every_way_to_a_node_is_drawn() -> None:
    layout, _ = laid_out(appeal())
    drawn = {(line.link.source, line.link.target) for line in layout.lines}
    assert {("choose", "thanks"), ("choose", "amount"), ("amount", "give"), ("removed", "choose")} <= drawn
    assert [line.points[0][0] for line in layout.lines if line.link.source == "welcome"] == [
        layout.corners["welcome"][0] + CARD_WIDTH
    ]


def texts(svg: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}text"))


HOSTILE = '<script>alert("&")</script>\x00\x1b'


def test_whatever_a_flow_says_is_text_and_nothing_else() -> None:
    flow = IvrFlow.model_validate({
        "startNodeId": HOSTILE,
        "nodes": [{"id": HOSTILE, "type": "play_audio", "audioUrl": f"http://x.test/{HOSTILE}"}],
    })
    svg = draw_flow(flow, HOSTILE)
    assert {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()} <= {
        "svg", "g", "rect", "path", "line", "circle", "text", "title",
    }  # fmt: skip
    assert any((element.text or "").startswith('<script>alert("&")') for element in texts(svg))


def test_hebrew_and_arabic_begin_at_the_right() -> None:
    flow = IvrFlow.model_validate({
        "startNodeId": "תפריט",
        "nodes": [{"id": "תפריט", "type": "play_audio", "audioUrl": "sound:a", "text": "شكرا لكم"}],
    })
    found = {element.text: element for element in texts(draw_flow(flow, "Spring"))}
    for text in ("תפריט", "شكرا لكم"):
        assert found[text].get("direction") == "rtl"
        assert float(found[text].get("x") or 0) > CARD_WIDTH / 2
    assert found["Spring"].get("direction") is None


def test_a_text_that_is_too_long_is_cut_and_stands_in_its_tooltip() -> None:
    name = "a name that is much too long for the width of a card, whatever one does"
    svg = draw_flow(appeal("welcome", welcome={"id": name}), "Spring")
    cut = next(element for element in texts(svg) if (element.text or "").startswith("a name"))
    assert (cut.text or "").endswith("…")
    tooltip = cut.find(f"{SVG}title")
    assert tooltip is not None
    assert tooltip.text == name
    assert not any(unicodedata.combining(char) for char in cut.text or "")


def test_what_is_wrong_with_a_node_is_marked_and_said_in_its_tooltip() -> None:
    svg = ET.fromstring(draw_flow(appeal(thanks={"audioUrl": None, "nextNodeId": "nowhere"}), "Spring"))
    tooltips = [title.text or "" for group in svg.iter(f"{SVG}g") for title in group.findall(f"{SVG}title")]
    assert len(tooltips) == 1
    assert "there is nothing to hear" in tooltips[0]
    assert any("no node" in (element.text or "") for element in svg.iter(f"{SVG}text"))
