"""What is answered to STOP, START and HELP, and by which request id such an answer is known."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, TypeAdapter

from outdial.domain.sms.settings import SmsSettings

USUAL_LANGUAGE = "en"


class AnswerKind(StrEnum):
    """What an answer answers."""

    STOP = "stop"
    """The one text that may go to a listed number: it confirms the STOP that listed it."""
    START = "start"
    HELP = "help"


class Wordings(BaseModel):
    """The answers of one language; `{sender}` stands for who texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop: str
    start: str
    help: str


@cache
def known_wordings() -> Mapping[str, Wordings]:
    """The answers of each language we have words in."""
    text = (resources.files("outdial.domain.sms") / "answers.toml").read_text("utf-8")
    return TypeAdapter(dict[str, Wordings]).validate_python(tomllib.loads(text))


def answer_text(kind: AnswerKind, language: str | None, sender: str, own: SmsSettings) -> str:
    """The campaign's own answer, else ours in the reply's language; a campaign's own words have none."""
    written = {
        AnswerKind.STOP: own.confirmation_text,
        AnswerKind.START: own.start_text,
        AnswerKind.HELP: own.help_text,
    }[kind]
    if written is not None:
        return written
    wordings = known_wordings()
    ours = wordings.get(language or USUAL_LANGUAGE) or wordings[USUAL_LANGUAGE]
    return getattr(ours, kind).replace("{sender}", sender)


def request_id_of(kind: AnswerKind, reply_id: int) -> str:
    """Asked for twice, it is one text. The gate knows by `stop:` what may go to a listed number."""
    return f"{kind}:{reply_id}"
