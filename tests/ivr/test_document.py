"""The flow that the document shows is a good one, and is drawn beside it as it is now."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from outdial.campaigns.flow_drawing.draw_flow import draw_flow
from outdial.dialer.webhooks import RETRY_AFTER_S
from outdial.domain.ivr.checks import flow_problems, flow_remarks
from outdial.domain.ivr.flow import ActionType, NodeType
from outdial.domain.ivr.reading import read_flow

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "ivr.md").read_text("utf-8")
# Drawn anew with: outdial ivr draw on the document's own flow, under this title.
DRAWN = DOCS / "ivr-flow.svg"
TITLE = "Spring appeal"


def documented() -> object:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return yaml.safe_load(block)


def test_the_flow_of_the_document_is_without_fault_and_drawn_as_it_is() -> None:
    flow = read_flow(documented()).flow
    assert flow_problems(flow) == []
    assert flow_remarks(flow) == []
    assert draw_flow(flow, TITLE) == DRAWN.read_text("utf-8")


def test_every_kind_of_node_and_action_is_told_of() -> None:
    for name in (*NodeType.__args__, *ActionType.__args__):
        assert f"`{name}`" in TEXT


def test_webhooks_come_again_as_often_as_it_says() -> None:
    assert "five times in all within three minutes" in TEXT
    assert len(RETRY_AFTER_S) == 4
    assert sum(RETRY_AFTER_S) < 180
