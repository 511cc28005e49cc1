"""A campaign as its manager writes it: a file's fields, their limits and what they default to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self, cast
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)

from outdial.domain.answer_rate import AnswerRateFloor
from outdial.domain.answering_machines import AnsweringMachines
from outdial.domain.caller_ids import CallerIds
from outdial.domain.calling_windows import CallingWindow
from outdial.domain.channels import CampaignType, Channel, Fallback, Reach
from outdial.domain.closed_days import is_known_calendar
from outdial.domain.dispositions import Disposition
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.moments import OUT_OF_RANGE, is_in_range
from outdial.domain.regions import is_shaped_as_region
from outdial.domain.retries import RetryRule, retry_rules
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.trunks import Trunk, Trunks
from outdial.domain.voices import Voice
from outdial.domain.written import LONGHAND, WORD, WORD_OR_LONGHAND, Written, field_problems

CampaignStatus = Literal["draft", "scheduled", "active", "paused", "completed", "cancelled", "failed"]

MAX_SLUG_LENGTH = 80

REGISTRY_MAX_AGE_DAYS: Mapping[str, int] = {
    "us-dnc": 31,  # 16 CFR 310.4(b)(3)(iv): the version used is at most 31 days old
    "il-do-not-call": 15,  # Consumer Protection Law: checked within 15 days before the call
}
"""How old a copy of a known registry may be."""


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no IANA time zone; write one like America/New_York")
    return name


def _known_calendar(code: str) -> str:
    if not is_known_calendar(code):
        raise ValueError(f"no holidays are known of {code!r}; write a country or its part, as US or US-FL")
    return code


def _shaped_as_region(code: str) -> str:
    if not is_shaped_as_region(code):
        raise ValueError("write a country or its part in capitals, as US or US-FL; or auto, or none")
    return code


def _in_range(moment: datetime) -> datetime:
    if not is_in_range(moment):
        raise ValueError(OUT_OF_RANGE)
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
CalendarCode = Annotated[str, AfterValidator(_known_calendar)]
RegionCode = Annotated[str, AfterValidator(_shaped_as_region)]

Word = Annotated[Literal["auto", "none"], Tag(WORD)]
"""In place of a list: `auto` goes by where each contact may be."""


def _as_list(written: object) -> object:
    return [written] if isinstance(written, str) and written not in {"auto", "none"} else written


Jurisdictions = Annotated[
    Word | Annotated[tuple[RegionCode, ...], Tag(LONGHAND)], WORD_OR_LONGHAND, BeforeValidator(_as_list)
]
Holidays = Annotated[
    Word | Annotated[tuple[CalendarCode, ...], Tag(LONGHAND)], WORD_OR_LONGHAND, BeforeValidator(_as_list)
]


class WrittenRetryRule(Written):
    """What a campaign says about tries after one disposition; what it leaves out is the usual."""

    delay_seconds: float | None = Field(None, ge=0, le=30 * 86400)
    max_attempts: int | None = Field(None, ge=1, le=20)
    another_part_of_day: bool | None = None


class WrittenNumberCaps(Written):
    """The most calls to one number, by all campaigns together."""

    per_24_hours: int = Field(default=3, ge=1, le=100, alias="per24Hours")
    per_7_days: int = Field(default=7, ge=1, le=100, alias="per7Days")


NumberCapsOrNone = Annotated[
    Annotated[Literal["none"], Tag(WORD)] | Annotated[WrittenNumberCaps, Tag(LONGHAND)], WORD_OR_LONGHAND
]


class RequiredRegistry(Written):
    """A registry whose copy must be there and no older than its limit in days."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    max_age_days: int = Field(ge=1, le=366)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, written: object) -> object:
        if isinstance(written, str):
            written = {"name": written}
        if not isinstance(written, dict) or "maxAgeDays" in written or "max_age_days" in written:
            return written
        named = cast("dict[str, object]", written)
        limit = REGISTRY_MAX_AGE_DAYS.get(str(named.get("name")))
        if limit is None:
            raise ValueError(
                f"how old a copy of {named.get('name')!r} may be is not known here: give maxAgeDays; known "
                f"are {', '.join(sorted(REGISTRY_MAX_AGE_DAYS))}"
            )
        return named | {"maxAgeDays": limit}


class ContactSource(Written):
    """A database query that lists the campaign's people; `connection` is an Airflow Connection's id."""

    connection: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    mapping: dict[str, str] = Field(default_factory=dict)
    withdraw_missing: bool = False


class CampaignConfig(Written):
    """Everything about a campaign that is not its name and dates; camelCase where it is written."""

    audio_file_url: str | None = None
    sms_template: str | None = None
    sms: SmsSettings = Field(default_factory=SmsSettings)
    first_channel: Channel = Channel.SMS
    fallback: Fallback | None = None
    fallback_delay_minutes: float = Field(0, ge=0, le=7 * 1440)
    ivr_flow: IvrFlow | None = None
    voice: Voice | None = None
    calling_windows: tuple[CallingWindow, ...] = Field(min_length=1)
    max_concurrent_calls: int = Field(100, ge=1, le=100_000)
    max_attempts_per_contact: int = Field(3, ge=1, le=20)
    max_cps: float | None = Field(None, gt=0, le=10_000)
    default_region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    strict_numbers: bool = False
    duplicates: Literal["first", "last", "merge"] = "first"
    jurisdictions: Jurisdictions = "auto"
    holidays: Holidays = "none"
    blocked_dates: tuple[date, ...] = ()
    unknown_zones: Literal["strictest", "campaign", "skip"] = "strictest"
    number_caps: NumberCapsOrNone = Field(default_factory=WrittenNumberCaps)
    registries: tuple[RequiredRegistry, ...] = ()
    contact_source: ContactSource | None = None
    retry: dict[Disposition, WrittenRetryRule] = Field(default_factory=dict)
    caller_ids: CallerIds = ()
    trunks: Trunks = (Trunk(name="trunk"),)
    amd: AnsweringMachines | None = None
    answer_rate_floor: AnswerRateFloor | None = None
    ring_timeout_seconds: float = Field(30, ge=5, le=120)

    @property
    def retry_rules(self) -> Mapping[Disposition, RetryRule]:
        """What follows each disposition that is retried, the campaign's own wishes put in."""
        written = {
            disposition: rule.model_dump(exclude_none=True) for disposition, rule in self.retry.items()
        }
        return retry_rules(written)


def reach_of(kind: CampaignType, config: CampaignConfig) -> Reach:
    """How a campaign of this type reaches people."""
    delay = timedelta(minutes=config.fallback_delay_minutes)
    match kind:
        case "voice":
            return Reach(Channel.VOICE, config.fallback or "none", delay)
        case "sms":
            return Reach(Channel.SMS, config.fallback or "none", delay)
        case "hybrid":
            return Reach(config.first_channel, config.fallback or "unreached", delay)


class CampaignSpec(Written):
    """One campaign file."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    type: CampaignType
    timezone: ZoneName
    start_time: Moment | None = None
    end_time: Moment | None = None
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
