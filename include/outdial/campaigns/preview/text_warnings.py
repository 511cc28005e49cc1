"""What will keep texts from being sent, or makes them dearer than they need be."""

from __future__ import annotations

from collections.abc import Iterator

from outdial.campaigns.preview.texts import TextsPreview
from outdial.campaigns.preview.warn import Warn
from outdial.domain.channels import Channel
from outdial.reports.wording import counted
from outdial.storage.campaigns import Campaign


def text_warnings(texts: TextsPreview, campaign: Campaign) -> Iterator[Warn]:
    """Every one, the gravest first."""
    yield from _carrier(texts)
    yield from _lacking(texts)
    yield from _too_long(texts)
    yield from _too_slow(texts, campaign)
    yield from _landlines(texts, campaign)
    yield from _dear_template(texts)


def _carrier(texts: TextsPreview) -> Iterator[Warn]:
    if not texts.pace.opened:
        which = f" {texts.pace.carrier}" if texts.pace.carrier else ""
        yield Warn(
            about="gateway",
            text=f"No gateway has ever opened the carrier{which}: nobody would be texted.",
            action="`outdial sms-gateway`, with the carrier in SMS_CARRIERS",
        )


def _lacking(texts: TextsPreview) -> Iterator[Warn]:
    for field, contacts in texts.lacking.items():
        yield Warn(
            about="texts",
            text=f'{counted(contacts, "contact")} without "{field}": they get no text, as the template names '
            "it without a default.",
            action=f"import the field, or write {{{{{field}|what is written instead}}}}",
        )


def _too_long(texts: TextsPreview) -> Iterator[Warn]:
    if texts.too_long:
        yield Warn(
            about="texts",
            text=f"{counted(texts.too_long, 'text')} of those tried cannot be sent: too long, or not a text.",
            action="shorten the template; see `outdial sms parts`",
        )


def _too_slow(texts: TextsPreview, campaign: Campaign) -> Iterator[Warn]:
    end = campaign.end_time
    if texts.pace.left and end is not None and texts.pace.before >= end:
        yield Warn(
            about="end",
            text="The campaign ends before everybody can be texted: "
            f"{counted(texts.pace.left, 'does', 'do')} not fit in.",
            action="end it later, shorten the text, or have the carrier take more parts a second",
        )


def _landlines(texts: TextsPreview, campaign: Campaign) -> Iterator[Warn]:
    if texts.landlines_unreachable and campaign.reach.first is Channel.SMS:
        yield Warn(
            about="landlines",
            text=f"{counted(texts.landlines_unreachable, 'landline is', 'landlines are')} not reached: they "
            "take no texts.",
            action='call them: "fallback": "landline" in the config, before the list is imported',
        )


def _dear_template(texts: TextsPreview) -> Iterator[Warn]:
    """The template itself is in UCS-2, for the sake of a few characters: each part then holds 70, not 160."""
    forcing = [one for one in texts.forced_by if one.in_template and one.plain is not None]
    if forcing and texts.parts and texts.parts.typical > 1:
        named = ", ".join(one.name for one in forcing)
        yield Warn(
            about="parts",
            text=f"The template makes every text dearer by {named}: a part holds 70 characters with it, and "
            "160 without.",
            action="write plain ones, or leave plainCharacters on",
        )
