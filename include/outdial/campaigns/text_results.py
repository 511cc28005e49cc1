"""What a campaign's texts came to, in the form in which its dispatch returns it."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.channels import Channel
from outdial.domain.sms.delivery import TextFailure
from outdial.storage.campaigns import Campaign
from outdial.storage.pool import Connection
from outdial.storage.text_results import NotTexted, count_texted, read_not_texted

MOST_ERRORS = 20

_IN_WORDS = {
    "landline": "the line takes no texts",
    "template_field_missing": "lacks a field that the text names",
    "text_refused": "the text was refused",
    "text_unknown": "nobody knows whether the carrier took the text",
    "never_sent": "no carrier took the text",
    "opted_out_at_carrier": "has opted out with the carrier",
    "invalid_number": "the number is nobody's",
    "dead_letter": "the gateway could not work on the text",
}
_WHY = {
    TextFailure.LANDLINE: "the line takes no texts",
    TextFailure.INVALID_NUMBER: "the number is nobody's",
    TextFailure.OPTED_OUT: "has opted out with the carrier",
    TextFailure.FILTERED: "the text was taken for spam",
    TextFailure.BAD_SENDER: "the sender may not be used for this number",
    TextFailure.BAD_CONTENT: "the carrier refused the words of the text",
    TextFailure.NO_CREDIT: "the account with the carrier is empty",
}


class TextResult(BaseModel):
    """The contacts of the whole list who were to be texted, not texts.

    `total_contacts` less the three others are still to come. `sent_count` are those of whom a carrier took a
    text, whatever receipts said later; skipped are the listed, landlines, and who lacks a field of the text.
    """

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    campaign_id: UUID
    total_contacts: int
    sent_count: int
    skipped_count: int
    failed_count: int
    errors: list[str]


async def read_text_result(conn: Connection, campaign: Campaign) -> TextResult:
    """How it stands now; `errors` tells of the first contacts who were not texted, without their numbers."""
    first = campaign.reach.first is Channel.SMS
    counts = await count_texted(conn, campaign.id, begins_with_texts=first)
    failures = await read_not_texted(conn, campaign.id, MOST_ERRORS, begins_with_texts=first)
    return TextResult(
        campaign_id=campaign.id,
        total_contacts=counts.total,
        sent_count=counts.sent,
        skipped_count=counts.skipped,
        failed_count=counts.failed,
        errors=[f"Contact {one.contact_id}: {_in_words(one)}" for one in failures],
    )


def _in_words(one: NotTexted) -> str:
    why = _WHY.get(TextFailure(one.failure)) if one.failure in set(TextFailure) else None
    return why or _IN_WORDS.get(one.reason) or one.reason.replace("_", " ")
