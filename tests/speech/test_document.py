"""What the document of speech shows is a good flow, and its figures are the code's."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from outdial.campaigns.spoken_texts import speech_problems
from outdial.dialer.ivr_voice import SPEAK_TIMEOUT_S
from outdial.domain.ivr.checks import flow_problems, flow_remarks
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.reading import read_flow
from outdial.speech import speaker, store
from outdial.speech.config import SpeechConfig

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "speech.md").read_text("utf-8")


def documented() -> IvrFlow:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return read_flow(yaml.safe_load(block)).flow


async def test_the_flow_of_the_document_is_without_fault_and_can_be_said() -> None:
    flow = documented()
    assert flow_problems(flow) == []
    assert flow_remarks(flow) == []
    assert await speech_problems(flow, SpeechConfig()) == []


def test_the_limits_are_as_it_says() -> None:
    assert f"At most {store.MOST_BYTES >> 30} GB is kept" in TEXT
    assert f"{speaker.MOST_BYTES >> 20} MB of it" in TEXT
    assert "not ready within a second" in TEXT
    assert SPEAK_TIMEOUT_S == 1
