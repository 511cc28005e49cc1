"""What a campaign's texts will be: their parts, in which alphabet and why, what they cost, and who gets none.

Parts are counted over texts as begin text makes them, for a sample of the list: filling a million templates
takes too long, and a part more or less of a few is all that is missed. Who lacks a field is counted of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import mean, median_low
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from outdial.campaigns.preview.forecast import LONGEST, crowds_of
from outdial.campaigns.preview.outlooks import Judged
from outdial.domain.channels import Channel
from outdial.domain.errors import InvalidInput
from outdial.domain.forecast import first_pass
from outdial.domain.sms.encoding import Encoding, SplitText, split_text
from outdial.domain.sms.links import with_sample_links
from outdial.domain.sms.plain import forcing_characters, in_plain_characters
from outdial.domain.sms.settings import SmsSettings
from outdial.domain.sms.wording import with_stop_wording
from outdial.domain.templates import ValueMissing, fill, slots_of
from outdial.storage.campaigns import Campaign
from outdial.storage.carriers import USUAL_PARTS_PER_SECOND
from outdial.storage.pool import Connection
from outdial.storage.preview_texts import (
    Whom,
    count_lacking_for_texts,
    count_to_be_texted,
    extreme_metadata,
    sample_metadata,
    see_carrier,
)

SAMPLED = 2000
FORCING_SHOWN = 5


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class Parts(_Answer):
    """Parts of one text; half of them have `typical` at most; `most` was looked for in the whole list."""

    least: int
    typical: int
    most: int
    mean: float


class Forcing(_Answer):
    """A character for whose sake texts go in UCS-2, in how many of the sample, and from where it comes."""

    character: str
    name: str
    plain: str | None
    texts: int
    in_template: bool


class TextPace(_Answer):
    """The first pass at the carrier's pace; `ends_at` is None where `left` of it do not fit in before."""

    carrier: str | None
    opened: bool
    """Whether a gateway has ever opened the carrier; else the pace is assumed."""
    parts_per_second: float
    ends_at: datetime | None
    left: int
    before: datetime


class TextsPreview(_Answer):
    """The texts of a list at one moment. `contacts` are to be texted; `after_calls`, at most so many are.

    `parts`, `forced_by` and `ucs2_share` are of `sampled` texts; `total_parts` follows from their mean.
    `is_exact` is whether the sample is everybody.
    """

    contacts: int
    after_calls: bool
    landlines_called: int
    landlines_unreachable: int
    lacking: dict[str, int]
    lacking_any: int
    sampled: int
    is_exact: bool
    too_long: int
    parts: Parts | None
    ucs2_share: float
    forced_by: tuple[Forcing, ...]
    total_parts: int
    price_per_part: Decimal | None
    currency: str | None
    cost: Decimal | None
    pace: TextPace

    @property
    def contacts_with_text(self) -> int:
        """Those to be texted whose text can be filled."""
        return max(self.contacts - self.lacking_any, 0)


async def preview_texts(
    conn: Connection, campaign: Campaign, judged: Sequence[Judged], links_base_url: str | None, now: datetime
) -> TextsPreview | None:
    """What texts the campaign would send; None for one that sends none. Call within preview's snapshot."""
    template = campaign.config.sms_template
    if template is None or Channel.SMS not in campaign.reach.channels:
        return None
    maker = _Maker(with_stop_wording(template, campaign.config.sms), campaign.config.sms, links_base_url)
    whom = Whom(campaign.id, campaign.reach.first is Channel.VOICE)
    listed = await count_to_be_texted(conn, whom)
    lacking, lacking_any = await count_lacking_for_texts(conn, whom, maker.required)
    tried = _tried(maker, await sample_metadata(conn, whom, SAMPLED))
    extremes = _tried(maker, await extreme_metadata(conn, whom, maker.fields) if maker.fields else [])
    to_be_texted = listed.contacts if whom.after_calls else _callable_texts(judged)
    parts = _parts(tried.splits, extremes.splits)
    left_over = max(to_be_texted - lacking_any, 0)
    total_parts = round(parts.mean * left_over) if parts else 0
    price = campaign.config.sms.price_per_part
    return TextsPreview(
        contacts=to_be_texted,
        after_calls=whom.after_calls,
        landlines_called=listed.landlines_called,
        landlines_unreachable=listed.landlines_unreachable,
        lacking=lacking,
        lacking_any=lacking_any,
        sampled=tried.asked,
        is_exact=tried.asked == listed.contacts == to_be_texted,
        too_long=tried.too_long + extremes.too_long,
        parts=parts,
        ucs2_share=_ucs2_share(tried.splits),
        forced_by=_forced_by(tried.splits, maker.template),
        total_parts=total_parts,
        price_per_part=price,
        currency=campaign.config.sms.currency,
        cost=None if price is None else total_parts * price,
        pace=await _pace(conn, campaign, judged, parts.mean if parts else 1.0, now),
    )


@dataclass(frozen=True)
class _Maker:
    """Makes texts as begin text does; links without a base are sent as they are."""

    template: str
    settings: SmsSettings
    links_base_url: str | None

    @property
    def fields(self) -> list[str]:
        return sorted({slot.field for slot in slots_of(self.template)})

    @property
    def required(self) -> list[str]:
        return sorted({slot.field for slot in slots_of(self.template) if slot.default is None})

    def text_for(self, metadata: Mapping[str, Any]) -> SplitText:
        """Raises ValueMissing for a field the contact lacks, InvalidInput for what no network carries."""
        text = fill(self.template, metadata)
        if self.settings.track_links and self.links_base_url:
            text = with_sample_links(text, self.links_base_url)
        return split_text(in_plain_characters(text) if self.settings.plain_characters else text)


@dataclass(frozen=True)
class _Tried:
    """Texts that were made, of how many asked for, and those no network carries."""

    splits: list[SplitText]
    asked: int
    too_long: int


def _tried(maker: _Maker, people: Iterable[Mapping[str, Any]]) -> _Tried:
    splits, asked, too_long = list[SplitText](), 0, 0
    for metadata in people:
        asked += 1
        try:
            splits.append(maker.text_for(metadata))
        except ValueMissing:
            continue
        except InvalidInput:
            too_long += 1
    return _Tried(splits, asked, too_long)


def _callable_texts(judged: Sequence[Judged]) -> int:
    return sum(crowd.people for crowd in crowds_of(judged, Channel.SMS))


def _parts(sampled: Sequence[SplitText], extremes: Sequence[SplitText]) -> Parts | None:
    counts = [len(split.parts) for split in sampled]
    if not counts:
        return None
    every = [*counts, *(len(split.parts) for split in extremes)]
    return Parts(least=min(every), typical=median_low(counts), most=max(every), mean=mean(counts))


def _ucs2_share(splits: Sequence[SplitText]) -> float:
    others = sum(split.encoding is Encoding.UCS_2 for split in splits)
    return others / len(splits) if splits else 0.0


def _forced_by(splits: Iterable[SplitText], template: str) -> tuple[Forcing, ...]:
    """The characters that force most texts out of GSM-7."""
    texts: Counter[str] = Counter()
    forcing = {}
    for split in splits:
        if split.encoding is Encoding.UCS_2:
            found = {one.character: one for one in forcing_characters("".join(split.parts))}
            texts.update(found.keys())
            forcing |= found
    return tuple(
        Forcing(
            character=character,
            name=forcing[character].name,
            plain=forcing[character].plain,
            texts=number,
            in_template=character in template,
        )
        for character, number in texts.most_common(FORCING_SHOWN)
    )


async def _pace(
    conn: Connection, campaign: Campaign, judged: Sequence[Judged], parts_a_text: float, now: datetime
) -> TextPace:
    """The first pass of texts through the areas' openings and closings."""
    carrier = await see_carrier(conn, campaign.config.sms.carrier)
    parts_per_second = carrier.parts_per_second if carrier else USUAL_PARTS_PER_SECOND
    hours = {one.hours.key: one.hours for one in judged}
    before = min(now + LONGEST, campaign.end_time or now + LONGEST)
    texts_per_second = parts_per_second / max(parts_a_text, 1.0)
    crowds = crowds_of(judged, Channel.SMS)
    result = first_pass(crowds, lambda key: hours[key].spans(), texts_per_second, now, before)
    return TextPace(
        carrier=carrier.name if carrier else campaign.config.sms.carrier,
        opened=carrier is not None,
        parts_per_second=parts_per_second,
        ends_at=result.ends_at,
        left=result.left,
        before=before,
    )
