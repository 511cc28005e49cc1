"""A campaign as its manager writes it: a file's fields, their limits and what they default to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from outdial.domain.calling_windows import CallingWindow
from outdial.domain.dial_task import E164
from outdial.domain.dispositions import Disposition
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr_flow import IvrFlow

CampaignType = Literal["voice", "sms", "hybrid"]
CampaignStatus = Literal["draft", "scheduled", "active", "paused", "completed", "cancelled", "failed"]

MAX_SLUG_LENGTH = 80


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone; write one like America/New_York")
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class RetryRule(_Written):
    """When to try again after one disposition."""

    delay_seconds: float = Field(ge=0, le=30 * 86400)


class CampaignConfig(_Written):
    """Everything about a campaign that is not its name and dates; camelCase where it is written."""

    audio_file_url: str | None = None
    sms_template: str | None = None
    ivr_flow: IvrFlow | None = None
    calling_windows: tuple[CallingWindow, ...] = Field(min_length=1)
    max_concurrent_calls: int = Field(100, ge=1, le=100_000)
    max_attempts_per_contact: int = Field(3, ge=1, le=20)
    max_cps: float | None = Field(None, gt=0, le=10_000)
    default_region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    strict_numbers: bool = False
    duplicates: Literal["first", "last", "merge"] = "first"
    retry: dict[Disposition, RetryRule] = Field(default_factory=dict)
    caller_ids: tuple[E164, ...] = ()
    trunks: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], ...] = Field(
        ("trunk",), min_length=1
    )
    ring_timeout_seconds: float = Field(30, ge=5, le=120)

    @property
    def retry_delays_s(self) -> Mapping[Disposition, float]:
        """The campaign's own delays, in seconds."""
        return {disposition: rule.delay_seconds for disposition, rule in self.retry.items()}


class CampaignSpec(_Written):
    """One campaign file."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    type: CampaignType
    timezone: ZoneName
    start_time: AwareDatetime | None = None
    end_time: AwareDatetime | None = None
    schedule: str | None = None
    config: CampaignConfig

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.start_time and self.end_time and self.end_time <= self.start_time:
            raise ValueError("endTime must be later than startTime")
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The campaign's own zone."""
        return ZoneInfo(self.timezone)

    @property
    def slug(self) -> str:
        """The name as it appears in the DAG id: lower-case words joined by underscores."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode().lower()
        return "_".join(re.findall(r"[a-z0-9]+", plain))[:MAX_SLUG_LENGTH].strip("_") or "campaign"


def read_campaign(written: object) -> CampaignSpec:
    """Check a parsed campaign file.

    Raises InvalidInput with one sentence for each field that is wrong, named by its path in the file.
    """
    try:
        return CampaignSpec.model_validate(written)
    except ValidationError as error:
        raise InvalidInput(*field_problems(error)) from error


def field_problems(error: ValidationError) -> list[str]:
    """One sentence for each wrong field: its path, what is wrong, and what stands there."""
    problems = error.errors()
    # A list whose only item is wrong is also "too short": the item says it better.
    wrong_inside = {problem["loc"][:depth] for problem in problems for depth in range(len(problem["loc"]))}
    return [
        _sentence(problem["loc"], problem["msg"], problem.get("input"))
        for problem in problems
        if not (problem["type"] == "too_short" and problem["loc"] in wrong_inside)
    ]


def _sentence(path: tuple[int | str, ...], message: str, given: Any) -> str:  # noqa: ANN401 - any input
    place = ".".join(str(part) for part in path) or "the file"
    message = message.removeprefix("Value error, ")
    shown = "" if isinstance(given, dict | list) or given is None else f" (given: {str(given)[:60]!r})"
    return f"{place}: {message}{shown}"
