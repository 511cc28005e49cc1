"""How long a campaign's first pass takes at the pace it is set to, with what is measured or else assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.preview.outlooks import Judged
from outdial.domain.channels import Channel
from outdial.domain.forecast import Crowd, first_pass
from outdial.domain.own_pace import channels_together, own_pace_limits
from outdial.reports.wording import counted
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection
from outdial.storage.preview import measure_seconds_a_call

ENOUGH_CALLS = 50
CALLS_LOOKED_AT = 2000
ASSUMED_SECONDS_A_CALL = 30.0
"""Ringing, an answer now and then, a message: with nothing measured."""

LONGEST = timedelta(days=92)
"""A forecast beyond this says only that it takes longer."""


@dataclass(frozen=True)
class HeldFor:
    """How long a call holds its place among `maxConcurrentCalls`, and how that is known."""

    seconds: float
    known_from: str


class Duration(BaseModel):
    """The first pass: everybody who can be called, now or later, called once.

    `ends_at` is None where `left` of them do not fit in before `before`. Retries come on top.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    contacts: int
    calls_per_second: float
    limited_by: str
    seconds_a_call: float
    seconds_a_call_known_from: str
    ends_at: datetime | None
    left: int
    before: datetime


async def forecast_duration(
    conn: Connection, campaign: Campaign, judged: Sequence[Judged], max_cps: float, now: datetime
) -> Duration:
    """Simulate the first pass through the areas' openings and closings, at the pace all limits allow."""
    held = await _seconds_a_call(conn, campaign)
    cps, limited_by = _pace(campaign, max_cps, held.seconds)
    hours = {one.hours.key: one.hours for one in judged}
    crowds = crowds_of(judged, Channel.VOICE)
    before = min(now + LONGEST, campaign.end_time or now + LONGEST)
    result = first_pass(crowds, lambda key: hours[key].spans(), cps, now, before)
    return Duration(
        contacts=result.calls + result.left,
        calls_per_second=cps,
        limited_by=limited_by,
        seconds_a_call=held.seconds,
        seconds_a_call_known_from=held.known_from,
        ends_at=result.ends_at,
        left=result.left,
        before=before,
    )


def crowds_of(judged: Sequence[Judged], channel: Channel) -> list[Crowd]:
    """Those who can be reached by a channel, now or later."""
    return [
        Crowd(one.tally.contacts, one.first_at, one.hours.key)
        for one in judged
        if one.first_at and one.tally.channel is channel
    ]


def _pace(campaign: Campaign, max_cps: float, seconds_a_call: float) -> tuple[float, str]:
    """Calls a second, and the tightest of the limits that set it."""
    config = campaign.config
    by_places = config.max_concurrent_calls / max(seconds_a_call, 0.1)
    limits = [(max_cps, "MAX_CPS"), (by_places, f"maxConcurrentCalls {config.max_concurrent_calls}")]
    channels = channels_together(config.trunks)
    if channels is not None:
        limits.append((
            channels / max(seconds_a_call, 0.1),
            f"the {counted(channels, 'channel')} of its trunks",
        ))
    return min([*limits, *own_pace_limits(config)])


async def _seconds_a_call(conn: Connection, campaign: Campaign) -> HeldFor:
    for own, whose in ((True, "of this campaign"), (False, "of all campaigns")):
        calls, seconds = await measure_seconds_a_call(conn, campaign.id, own=own, calls=CALLS_LOOKED_AT)
        if calls >= ENOUGH_CALLS and seconds is not None:
            return HeldFor(seconds, f"the mean of the latest {counted(calls, 'call')} {whose}")
    return HeldFor(ASSUMED_SECONDS_A_CALL, "assumed: too few calls were made yet to measure it")
