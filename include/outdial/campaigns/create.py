"""A campaign file becomes a campaign: what its fields cannot say by themselves is checked here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import phonenumbers
from croniter import croniter
from croniter.croniter import CroniterBadDateError

from outdial.campaigns.text_problems import channel_problems, written_text_problems
from outdial.domain.calling_rules import unknown_jurisdictions
from outdial.domain.campaign import CampaignConfig, CampaignSpec
from outdial.domain.errors import InvalidInput
from outdial.domain.jurisdictions import known_jurisdictions
from outdial.storage.campaigns import insert_campaign
from outdial.storage.pool import Pool

CRON_FIELDS = 5
CRON_WORDS = frozenset({"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"})


async def create_campaign(pool: Pool, spec: CampaignSpec, now: datetime) -> UUID:
    """Store a campaign: `scheduled` where it has a start time or a schedule, else `draft`.

    Raises InvalidInput with one sentence for each field that cannot be meant.
    """
    problems = spec_problems(spec, now)
    if problems:
        raise InvalidInput(*problems)
    status = "scheduled" if spec.start_time or spec.schedule else "draft"
    async with pool.connection() as conn:
        return await insert_campaign(conn, spec, status, now)


def spec_problems(spec: CampaignSpec, now: datetime) -> list[str]:
    """What is wrong with fields that are well written, each sentence with the field's name."""
    found = (schedule_problem(spec.schedule, now), region_problem(spec.config.default_region))
    return [
        *(problem for problem in found if problem),
        *rule_problems(spec.config),
        *channel_problems(spec.type, spec.config),
        *written_text_problems(spec.config),
    ]


def rule_problems(config: CampaignConfig) -> list[str]:
    """Jurisdictions of which no law is known here: to name them must not seem to keep them."""
    return [
        f"config.jurisdictions: no calling hours are known here for {code!r}; known are "
        f"{', '.join(known_jurisdictions())}; write the hours into callingWindows instead"
        for code in unknown_jurisdictions(config)
    ]


def schedule_problem(schedule: str | None, now: datetime) -> str | None:
    """Why a cron expression cannot be followed, if it cannot."""
    if schedule is None or schedule in CRON_WORDS:
        return None
    if len(schedule.split()) != CRON_FIELDS or not croniter.is_valid(schedule):
        return (
            f"schedule: {schedule!r} is no cron expression; write minute, hour, day, month and weekday, "
            "as in '0 9 * * 1-5'"
        )
    try:
        croniter(schedule, now).get_next()
    except CroniterBadDateError:
        return f"schedule: {schedule!r} names a date that never comes"
    return None


def region_problem(region: str | None) -> str | None:
    """Why numbers cannot be read as numbers of `region`, if they cannot."""
    if region is None or region in phonenumbers.SUPPORTED_REGIONS:
        return None
    hint = "write GB" if region == "UK" else "write a code like US, GB or IL"
    return f"config.defaultRegion: {region!r} is no region that has telephone numbers; {hint}"
