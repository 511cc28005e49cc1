"""The scenario file: who can be called, how they behave, what the network loses. Read by CLI and tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from outdial.simulator.fields import STRICT, Seconds, Share
from outdial.simulator.outcomes import OUTCOMES
from outdial.simulator.sms.scenario import TextOverride, Texts

HANGUP = "hangup"  # in place of keys: the person hangs up at that point
_KEYS = re.compile(r"[0-9*#A-D]*|hangup")
_STEP = re.compile(r"(\w+)\((.*)\)")
_NUMBER = re.compile(r"\+?[0-9]+\*?|\*")

EVERYDAY = Path(__file__).parent / "scenarios" / "everyday.yaml"
DEFAULT_EVENTS = "all"
DEFAULT_DIALPLAN = {"campaign-ivr": {"s": ["AGI(${AGI_URL})", "Hangup()"]}}


class ScenarioError(ValueError):
    """A scenario that cannot be used; `problems` name each place and what is wrong there."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def _known_outcome(name: str) -> str:
    if name not in OUTCOMES:
        raise ValueError(f"knows no outcome {name!r}; it is one of {', '.join(OUTCOMES)}")
    return name


def _pressable(keys: str) -> str:
    if not _KEYS.fullmatch(keys):
        raise ValueError(f"{keys!r} is neither keys of a phone (0-9 * # A-D) nor {HANGUP!r}")
    return keys


def _weights(value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
    """Keys are one string, a list of strings (prompt by prompt) or strings with weights."""
    if isinstance(value, str):
        return [{value: 1.0}]
    if isinstance(value, dict):
        return [value]
    return [{item: 1.0} if isinstance(item, str) else item for item in value or []]


def _some_weight(choices: list[dict[str, float]]) -> list[dict[str, float]]:
    if any(not sum(choice.values()) for choice in choices):
        raise ValueError("at least one must have a weight above 0")
    return choices


Keys = Annotated[
    list[dict[Annotated[str, BeforeValidator(_pressable)], Annotated[float, Field(ge=0)]]],
    BeforeValidator(_weights),
    AfterValidator(_some_weight),
]


class _Strict(BaseModel):
    model_config = STRICT


class Override(_Strict):
    """How one number behaves, where it differs from the rest."""

    outcome: Annotated[str, BeforeValidator(_known_outcome)] | None = None
    rings: bool | None = None
    keys: Keys | None = None
    ring_s: Seconds | None = None
    patience_s: Seconds | None = None
    key_delay_s: Seconds | None = None
    hello_s: Seconds | None = None
    greeting_s: Seconds | None = None
    at_once: Annotated[str, BeforeValidator(_pressable)] = ""
    q850: Share | None = None
    text: TextOverride = TextOverride()


class User(_Strict):
    """A manager account: `events` are names it is shown, or "all"; `write` are its classes of action."""

    secret: str
    events: list[str] | str = DEFAULT_EVENTS
    read: list[str] = ["call", "dtmf", "user", "system"]
    write: list[str] = ["originate", "call", "reporting"]

    @model_validator(mode="after")
    def _events_are_a_list_or_all(self) -> Self:
        if isinstance(self.events, str) and self.events != DEFAULT_EVENTS:
            raise ValueError('events must be "all" or a list of event names')
        return self


class Transfer(_Strict):
    """What becomes of a Dial() or Queue() for the person on the line."""

    status: Annotated[str, Field(pattern="^(ANSWER|BUSY|NOANSWER|CONGESTION|CHANUNAVAIL)$")] = "ANSWER"
    ring_s: Seconds = (0.5, 1.5)
    talk_s: Seconds = (2, 4)


class Scenario(_Strict):
    """A whole phone network. Every field has a default; a seed and this file fix every person's behaviour."""

    seed: int = 1
    users: dict[str, User] = {}
    trunks: list[str] = ["trunk"]
    dead_trunks: list[str] = []
    dialplan: dict[str, dict[str, list[str]]] = DEFAULT_DIALPLAN

    outcomes: dict[Annotated[str, BeforeValidator(_known_outcome)], Annotated[float, Field(ge=0)]] = {
        "answered": 1.0
    }
    answer_rate_by_hour: list[Annotated[float, Field(ge=0)]] | None = None
    utc_offset_h: float = Field(0, ge=-14, le=14)
    zones: dict[str, str] = {}
    numbers: dict[str, Override | list[Override]] = {}

    ring_s: Seconds = (0.5, 2.0)
    refuse_s: Seconds = (0.1, 0.3)
    patience_s: Seconds = (20, 40)
    machine_s: Seconds = (8, 12)
    # What is said on picking up: a person's hello (0: they wait for the caller), or a machine's greeting,
    # a pause and its beep (0: it has none).
    speaks_after_s: Seconds = (0.2, 0.5)
    hello_s: Seconds = (0.4, 0.7)
    greeting_s: Seconds = (3, 5)
    beep_after_s: Seconds = (0.3, 0.6)
    beep_s: Seconds = (0.3, 0.3)
    at_once_s: Seconds = (0.6, 0.8)  # after the answer come the keys that somebody presses `at_once`
    keys: Keys = [{"": 1.0}]
    key_delay_s: Seconds = (0.3, 1.0)
    barge_in: Share = 0.25
    dtmf: str = Field("rfc4733", pattern="^(rfc4733|info)$")
    q850: Share = 0.3
    transfer: Transfer = Transfer()

    message_s: Seconds = (2, 6)
    prompt_s: float = Field(1.0, ge=0)
    prompts: dict[str, Annotated[float, Field(ge=0)]] = {}
    missing_audio: list[str] = []

    texts: Texts = Texts()

    drop: dict[str, Share] = {}
    stray_crlf: Share = 0.0

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if not sum(self.outcomes.values()):
            raise ValueError("outcomes: at least one must have a weight above 0")
        if self.answer_rate_by_hour is not None and len(self.answer_rate_by_hour) != 24:  # noqa: PLR2004 - hours
            raise ValueError("answer_rate_by_hour: must hold 24 numbers, midnight first")
        return self

    @model_validator(mode="after")
    def _names_are_readable(self) -> Self:
        for number in self.numbers:
            if not _NUMBER.fullmatch(number):
                raise ValueError(f"numbers.{number}: must be a number, or its beginning and a *")
        for prefix, zone in self.zones.items():
            _check_zone(prefix, zone)
        for context, extens in self.dialplan.items():
            for exten, steps in extens.items():
                _check_steps(f"dialplan.{context}.{exten}", steps)
        return self

    def override_for(self, number: str, nth_call: int) -> Override:
        """What is laid down for the `nth_call` (from 0) to `number`: exact before the longest prefix."""
        found = self.numbers.get(number) or _by_prefix(self.numbers, number)
        if found is None:
            return Override()
        return found if isinstance(found, Override) else found[min(nth_call, len(found) - 1)]

    def zone_of(self, number: str) -> ZoneInfo | None:
        """The zone of the longest prefix in `zones`; None means `utc_offset_h`."""
        fitting = [prefix for prefix in self.zones if number.startswith(prefix)]
        return ZoneInfo(self.zones[max(fitting, key=len)]) if fitting else None


def _by_prefix(
    numbers: dict[str, Override | list[Override]], number: str
) -> Override | list[Override] | None:
    prefixes = [key for key in numbers if key.endswith("*") and number.startswith(key[:-1])]
    return numbers[max(prefixes, key=len)] if prefixes else None


def _check_zone(prefix: str, zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"zones.{prefix}: {zone!r} is not a zone of the tz database") from None


def _check_steps(place: str, steps: list[str]) -> None:
    for step in steps:
        if not _STEP.fullmatch(step):
            raise ValueError(f"{place}: {step!r} must be written Application(arguments)")


def parse_step(step: str) -> tuple[str, str]:
    """`AGI(agi://…)` → ("AGI", "agi://…"). Steps were checked when the scenario was read."""
    match = _STEP.fullmatch(step)
    return (match[1], match[2]) if match else (step, "")


def parse_scenario(data: object) -> Scenario:
    """A scenario from plain data. Raises ScenarioError naming each field that is wrong."""
    try:
        return Scenario.model_validate(data if data is not None else {})
    except ValidationError as invalid:
        raise ScenarioError([_problem(item) for item in invalid.errors()]) from None


def _problem(item: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    place = ".".join(str(part) for part in item["loc"])
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{place}: {text}" if place else text


def load_scenario(path: Path) -> Scenario:
    """A scenario from a YAML or JSON file. Raises ScenarioError, its problems prefixed with the file."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ScenarioError([f"{path}: cannot be read ({problem.strerror})"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        reason = " ".join(str(problem).split())
        raise ScenarioError([f"{path}: is neither YAML nor JSON ({reason})"]) from None
    try:
        return parse_scenario(data)
    except ScenarioError as invalid:
        raise ScenarioError([f"{path}: {problem}" for problem in invalid.problems]) from None
