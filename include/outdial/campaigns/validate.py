"""Everything that would keep a campaign from running, found at once and before the first call."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from outdial.blacklist.registries import registry_problems
from outdial.campaigns.audio import audio_problems
from outdial.campaigns.caller_id_regions import caller_id_problems
from outdial.campaigns.contact_fields import missing_field_problems
from outdial.campaigns.create import region_problem, rule_problems, schedule_problem
from outdial.campaigns.text_problems import text_problems
from outdial.domain.answering_machines import machine_problems
from outdial.domain.campaign import CampaignConfig, reach_of
from outdial.domain.channels import CampaignType, Channel
from outdial.domain.ivr.checks import flow_problems
from outdial.domain.ivr.default import MESSAGE, flow_of, says_its_text
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.written import field_problems
from outdial.speech.config import SpeechConfig
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.pool import Connection
from outdial.storage.progress import count_contacts

OVER = frozenset({"completed", "cancelled"})


async def campaign_problems(
    conn: Connection,
    campaign_id: UUID,
    now: datetime,
    storage_url: str,
    speech: SpeechConfig | None = None,
    sms_sender: str = "",
) -> list[str]:
    """One sentence for each thing that is wrong; none means the campaign can run.

    `storage_url` is where audio of our own is looked for; `speech` says who speaks, and None that nobody is
    asked to; `sms_sender` is who texts come from where the campaign does not say. Raises InvalidInput where
    there is no campaign.
    """
    campaign = await read_campaign(conn, campaign_id)
    problems = [*_status_problems(campaign), *_time_problems(campaign, now)]
    problems += await _contact_problems(conn, campaign)
    config = _read_config(campaign.written_config)
    if not isinstance(config, CampaignConfig):
        return problems + config
    problems += await registry_problems(conn, config.registries, now)
    problems += await caller_id_problems(conn, campaign.id, config)
    problems += await text_problems(conn, campaign, config, sms_sender)
    problems += await _field_problems(conn, campaign_id, config)
    # The checks of audio and speech wait for others; no transaction stays open meanwhile.
    await conn.commit()
    problems += _config_problems(campaign.type, config) + await audio_problems(config, storage_url)
    return problems + (await _speech_problems(campaign.type, config, speech) if speech else [])


def _read_config(written: dict[str, Any]) -> CampaignConfig | list[str]:
    try:
        return CampaignConfig.model_validate(written)
    except ValidationError as error:
        return [f"config.{problem}" for problem in field_problems(error)]


def _status_problems(campaign: Campaign) -> list[str]:
    if campaign.status in OVER:
        return [f"status: the campaign is {campaign.status} and reaches nobody any more; create another"]
    return []


def _time_problems(campaign: Campaign, now: datetime) -> list[str]:
    problems: list[str] = []
    schedule = schedule_problem(campaign.schedule, now)
    if schedule:
        problems.append(schedule)
    if campaign.end_time is not None and campaign.end_time <= now:
        ended = campaign.end_time.astimezone(campaign.zone)
        problems.append(
            f"endTime: {ended:%Y-%m-%d %H:%M} ({campaign.timezone}) has passed; nobody may be reached"
        )
    return problems


async def _contact_problems(conn: Connection, campaign: Campaign) -> list[str]:
    counts = await count_contacts(conn, campaign.id)
    if not counts["total"]:
        command = f"outdial contacts import FILE --campaign {campaign.slug}"
        return [f"contacts: the campaign has none; import a list with `{command}`"]
    left = counts["pending"] + counts["in_progress"] + counts["waiting"]
    # A run that is going on may be cleared after its last call, and a cron's may find nobody new.
    if left or campaign.schedule or campaign.status in {"active", "paused"}:
        return []
    return [f"contacts: all {counts['total']} are finished; import more, or create another campaign"]


def _config_problems(kind: CampaignType, config: CampaignConfig) -> list[str]:
    problems = [*rule_problems(config)]
    region = region_problem(config.default_region)
    if region:
        problems.append(region)
    problems += _nothing_to_say(kind, config)
    if config.amd is not None:
        problems += [f"config.amd.{problem}" for problem in machine_problems(config.amd)]
    flow = _said(kind, config)
    if flow is not None and not _is_bare_audio(config):
        problems += _in_flow(flow_problems(flow), config)
    return problems


def _is_bare_audio(config: CampaignConfig) -> bool:
    return config.ivr_flow is None and config.audio_file_url is not None


def _nothing_to_say(kind: CampaignType, config: CampaignConfig) -> list[str]:
    if Channel.VOICE not in reach_of(kind, config).channels or _said(kind, config) is not None:
        return []
    if kind == "voice" or config.sms_template is None:
        return ["config.audioFileUrl: nothing to play; give it, or an ivrFlow"]
    problem = "cannot be said on a call: without its links it is empty, or it is too long"
    return [f"config.smsTemplate: {problem}; give audioFileUrl or an ivrFlow"]


def _said(kind: CampaignType, config: CampaignConfig) -> IvrFlow | None:
    """What calls say. A text is said where calls stand in for texts, and by no campaign of calls."""
    may_say_its_text = kind != "voice" and Channel.VOICE in reach_of(kind, config).channels
    return flow_of(config) if may_say_its_text or not says_its_text(config) else None


async def _field_problems(conn: Connection, campaign_id: UUID, config: CampaignConfig) -> list[str]:
    # Of a text that is said, what is asked of it as a text says it all.
    flow = None if says_its_text(config) else flow_of(config)
    return _in_flow(await missing_field_problems(conn, campaign_id, flow), config) if flow else []


async def _speech_problems(kind: CampaignType, config: CampaignConfig, speech: SpeechConfig) -> list[str]:
    # DAGs are parsed without the speech engines.
    from outdial.campaigns.spoken_texts import speech_problems  # noqa: PLC0415

    flow = _said(kind, config)
    return _in_flow(await speech_problems(flow, speech), config) if flow else []


def _in_flow(problems: list[str], config: CampaignConfig) -> list[str]:
    if not says_its_text(config):
        return [f"config.ivrFlow: {problem}" for problem in problems]
    # What cannot be said of the rest is ours, and has the same cause.
    place = f'node "{MESSAGE}": text '
    said = (problem.removeprefix(place) for problem in problems if problem.startswith(place))
    return [f"config.smsTemplate, said on a call, {problem}" for problem in said]
