"""What would keep a campaign's texts from being sent; asked with the rest of what validation asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from outdial.domain.campaign import CampaignConfig, reach_of
from outdial.domain.channels import CampaignType, Channel
from outdial.domain.errors import InvalidInput
from outdial.domain.ivr.actions import asked_text
from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.sms.encoding import split_text
from outdial.domain.sms.template import message_problem
from outdial.domain.sms.wording import says_how_to_stop, with_stop_wording
from outdial.domain.templates import slots_of, unknown_fields
from outdial.storage.campaigns import Campaign
from outdial.storage.carriers import has_run
from outdial.storage.metadata import fields_known, fields_seen
from outdial.storage.pool import Connection

TEMPLATE = "config.smsTemplate"


@dataclass(frozen=True)
class _Text:
    """A text that the campaign sends, and the place where it is written."""

    place: str
    template: str


def channel_problems(kind: CampaignType, config: CampaignConfig) -> Iterator[str]:
    """Channels that cannot follow each other as the campaign says."""
    reach = reach_of(kind, config)
    if reach.first is Channel.VOICE and reach.fallback == "landline":
        yield (
            "config.fallback: landline is for texts, which a call then follows; write unreached or always, "
            "or begin with texts"
        )
    if kind == "hybrid" and reach.fallback == "none":
        yield (
            f"config.fallback: none leaves the hybrid campaign with one channel; write unreached or always, "
            f"or make its type {reach.first}"
        )


def written_text_problems(config: CampaignConfig) -> Iterator[str]:
    """How texts are written, where they are."""
    for text in _written(config):
        problem = message_problem(text.template) or _length_problem(config, text)
        if problem:
            yield f"{text.place}: {problem}"


async def text_problems(
    conn: Connection, campaign: Campaign, config: CampaignConfig, usual_sender: str
) -> list[str]:
    """One sentence for each thing that is wrong; none for a campaign without texts.

    `usual_sender` is who texts come from where the campaign does not say.
    """
    problems = [*channel_problems(campaign.type, config), *written_text_problems(config)]
    problems += _lacking_texts(campaign.type, config)
    if not _sends_texts(campaign.type, config):
        return problems
    problems += _sender_problems(config, usual_sender)
    problems += await _carrier_problems(conn, config)
    for text in _written(config):
        problems += await _field_problems(conn, campaign, text)
    return problems


def _written(config: CampaignConfig) -> Iterator[_Text]:
    if config.sms_template is not None:
        yield _Text(TEMPLATE, config.sms_template)
    for place, text in _asked_on_calls(config.ivr_flow):
        if text is not None:
            yield _Text(place, text)


def _asked_on_calls(flow: IvrFlow | None) -> Iterator[tuple[str, str | None]]:
    """Where a flow asks for a text, and the text; None where it is the campaign's."""
    for node in flow.nodes if flow else ():
        for key, action in node.actions.items():
            text = asked_text(action.parameters)
            if action.type == "send_sms" or (action.type == "trigger_donation" and text is not None):
                yield f'config.ivrFlow: node "{node.id}": key {key}: {action.type}', text


def _sends_texts(kind: CampaignType, config: CampaignConfig) -> bool:
    return Channel.SMS in reach_of(kind, config).channels or any(_asked_on_calls(config.ivr_flow))


def _lacking_texts(kind: CampaignType, config: CampaignConfig) -> Iterator[str]:
    if config.sms_template is not None:
        return
    if Channel.SMS in reach_of(kind, config).channels:
        yield f"{TEMPLATE}: nothing to send; write the text"
    for place, text in _asked_on_calls(config.ivr_flow):
        if text is None:
            yield f"{place} has no text; give parameters.text, or {TEMPLATE}"


def _length_problem(config: CampaignConfig, text: _Text) -> str | None:
    is_campaigns = text.place == TEMPLATE
    try:
        split_text(with_stop_wording(text.template, config.sms) if is_campaigns else text.template)
    except InvalidInput as error:
        return str(error)
    return None


def _sender_problems(config: CampaignConfig, usual_sender: str) -> Iterator[str]:
    settings = config.sms
    sender = settings.sender or usual_sender
    if not sender:
        yield "config.sms.sender: nobody is named from whom texts come; give it, or set SMS_SENDER"
    elif settings.stop_wording is None and not _takes_replies(sender):
        yield (
            f'config.sms.stopWording: nobody can reply to "{sender}", which is a name; say how else people '
            "can stop, as with a link or a telephone number"
        )
    template = config.sms_template
    is_silent = template is not None and not says_how_to_stop(template, settings)
    if (
        settings.stop_wording == ""
        and is_silent
        and _takes_replies(sender)
        and config.jurisdictions != "none"
    ):
        yield (
            "config.sms.stopWording: is empty, and the text does not say how to stop; leave it out, and a "
            "line in the text's language is added"
        )


def _takes_replies(sender: str) -> bool:
    return sender.removeprefix("+").isdecimal()


async def _carrier_problems(conn: Connection, config: CampaignConfig) -> list[str]:
    name = config.sms.carrier
    if await has_run(conn, name):
        return []
    if name is None:
        return ["config.sms.carrier: no SMS gateway has run yet; start `outdial sms-gateway`"]
    what_to_do = "start `outdial sms-gateway` with it in SMS_CARRIERS, or correct the name"
    return [f"config.sms.carrier: no SMS gateway has run with carrier {name}; {what_to_do}"]


async def _field_problems(conn: Connection, campaign: Campaign, text: _Text) -> list[str]:
    """Fields without a default that no contact has; those with one may be for other lists."""
    needed = dict.fromkeys(
        slot.field for slot in slots_of(text.template) if slot.field and slot.default is None
    )
    known = await fields_known(conn, campaign.id, needed) if needed else set[str]()
    missing = [field for field in needed if field not in known]
    columns = await fields_seen(conn, campaign.id) if missing else set[str]()
    return [
        f"{text.place} {problem}"
        for field in missing
        for problem in unknown_fields(f"{{{{{field}}}}}", columns - {field})
    ]
