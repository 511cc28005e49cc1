"""The report's shape where it is about texts: what each figure means."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.domain.channels import Channel
from outdial.domain.sms.delivery import TextState


class TextModel(BaseModel):
    """One table of figures about texts."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class Failures(TextModel):
    """Texts that failed, by reason; `other` where none was given."""

    undelivered: dict[str, int]
    """The carrier took them; a receipt says that the telephone will not have them."""
    refused: dict[str, int]
    """The carrier will never take them."""
    not_taken: dict[str, int]
    """The carrier certainly did not take them; each was followed by another text, or by giving up."""
    unknown: dict[str, int]
    """Nobody knows whether the carrier took them; they were not repeated."""


class Responses(TextModel):
    """What people did with texts. Previewers and bots that visit a link are told from people."""

    with_links: int
    """Texts with links, of those that a carrier took or may have taken."""
    opened: int
    """Of those, texts whose link the telephone previewed, or somebody clicked."""
    clicked: int
    """Of those, texts whose link somebody clicked."""
    visits_by_people: int
    visits_by_previewers: int
    visits_by_bots: int
    replies: int
    people_replied: int
    replies_unclear: int
    """Replies that may be an opt-out and wait for somebody to read them."""
    opted_out: int
    """Texts whose answer was that no more are wanted."""


class TextRates(TextModel):
    """Shares between 0 and 1; null where there is nothing to take a share of."""

    delivery_rate: float | None
    """Delivered / sent."""
    open_rate: float | None
    """Opened / texts with links."""
    click_rate: float | None
    """Clicked / texts with links."""
    reply_rate: float | None
    """People who replied / contacts texted."""
    opt_out_rate: float | None
    """Texts answered by an opt-out / sent."""


class Price(TextModel):
    """Parts begun under one price, and what they cost together; null where no price was set."""

    price_per_part: Decimal | None
    parts: int
    cost: Decimal | None


class Cost(TextModel):
    """What the campaign's texts cost, by the price per part it sets: the carrier's bill decides.

    Parts are those of texts that the carrier took or may have taken, answers to replies among them.
    """

    currency: str | None
    parts: int
    total: Decimal | None
    by_price: list[Price]


class TextLine(TextModel):
    """Texts over one carrier from one sender."""

    carrier: str
    sender: str
    texts: int
    sent: int
    delivered: int
    failed: int
    delivery_rate: float | None


class DeliveryTime(TextModel):
    """Seconds from asking the carrier to the telephone having the text; null without any."""

    median_seconds: float | None
    p90_seconds: float | None


class TextHour(TextModel):
    """Texts begun in one hour of the day, over all days."""

    hour: int
    texts: int
    delivered: int


class TextHours(TextModel):
    """Texts by hour of the day, on two clocks as calls are; 24 entries each."""

    campaign_zone: list[TextHour]
    local: list[TextHour]
    local_unknown: TextHour


class PassedOnTotals(TextModel):
    """Contacts whom the second channel follows. Each is in exactly one of the four below `contacts`.

    A call after texts is delivered where a person answered or a machine was left the message; a text after
    calls where a receipt says so.
    """

    to: Channel
    contacts: int
    delivered: int
    sent: int
    """Texts after calls only: taken by the carrier, without a receipt so far."""
    failed: int
    in_progress: int


class TextTotals(TextModel):
    """Every text of the campaign and of keys on its calls; answers to replies are only in the cost."""

    begun: int
    by_state: dict[TextState, int]
    """Every state is present, also those in which no text is."""
    in_progress: int
    """The carrier has not answered for them."""
    sent: int
    """The carrier took them, whatever came of them: sent, delivered or undelivered."""
    delivered: int
    failures: Failures
    tries: int
    """How often carriers were asked: more than texts where they did not take one at first."""
    asked_for_on_calls: int
    answers: int
    """Texts that answered STOP, START and HELP."""
    contacts_texted: int
    """Contacts with at least one text that the carrier took."""
    responses: Responses
    rates: TextRates
    cost: Cost
    delivery_time: DeliveryTime
    hours: TextHours
    by_line: list[TextLine]
    first_text_at: datetime | None
    last_text_at: datetime | None

    @property
    def undelivered(self) -> int:
        """Texts that a receipt says will not arrive."""
        return self.by_state[TextState.UNDELIVERED]
