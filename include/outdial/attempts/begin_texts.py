"""Begin texts: every rule asked again, the text filled, and written down before the carrier is asked.

One transaction for all texts of one campaign that the carrier has room for now. After it commits the SQS
messages are deleted and the carrier asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import DictRow

from outdial.attempts.person_facts import person_facts_of
from outdial.attempts.release import Released, Stale, release_claim
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput
from outdial.domain.permission import Refused, may_text
from outdial.domain.sms.encoding import SplitText, split_text
from outdial.domain.sms.link_codes import code_of
from outdial.domain.sms.links import FoundLink, find_links, with_short_links
from outdial.domain.sms.plain import in_plain_characters
from outdial.domain.sms.wording import with_stop_wording
from outdial.domain.templates import ValueMissing, fill
from outdial.storage.blacklist import hold_list_still
from outdial.storage.calls import TakenClaim, close_contact
from outdial.storage.campaigns import Campaign, lock_campaign
from outdial.storage.carriers import take_slots
from outdial.storage.links import NewLink, insert_links, take_link_ids
from outdial.storage.pool import Connection, Pool
from outdial.storage.texts import hold_numbers, insert_texts, read_text_facts, take_text_claims


@dataclass(frozen=True)
class LinkTerms:
    """How short links are made: where they begin, and by what they are signed. Without, none are."""

    base_url: str
    secret: bytes


@dataclass(frozen=True)
class TextTerms:
    """What a gateway brings: who it is, the carrier, who texts come from by default, and its links."""

    gateway_id: UUID
    carrier: str
    sender: str
    links: LinkTerms | None = None


@dataclass(frozen=True)
class BegunText:
    """The text is recorded: to be given to the carrier at `starts_at`, once."""

    record_id: UUID
    phone: str
    sender: str
    split: SplitText
    starts_at: datetime
    validity: timedelta
    campaign_id: UUID | None = None
    contact_id: UUID | None = None


@dataclass(frozen=True)
class Unfit:
    """No text can be made for the contact, who is closed with this reason."""

    reason: str


BeginningOfText = BegunText | Stale | Released | Unfit


async def begin_texts(
    pool: Pool, tasks: Sequence[DialTask], terms: TextTerms, now: datetime
) -> list[BeginningOfText]:
    """Begin the texts of tasks, all of one campaign; the answers in their order.

    Whatever the answer, the message has served its purpose and is to be deleted.
    """
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        campaign = await lock_campaign(conn, tasks[0].campaign_id)
        claims = await take_text_claims(conn, [(task.contact_id, task.claim_id) for task in tasks])
        await hold_numbers(conn, [claim.phone for claim in claims.values()])
        seen = await read_text_facts(conn, [claim.contact_id for claim in claims.values()], now)
        drafts: dict[UUID, _Draft] = {}
        answers: dict[UUID, BeginningOfText] = {}
        for claim_id, claim in claims.items():
            judged = await _judge(conn, campaign, claim, seen[claim.contact_id], now)
            if isinstance(judged, _Draft):
                drafts[claim_id] = judged
            else:
                answers[claim_id] = judged
        answers |= await _write_down(conn, campaign, drafts, terms, now)
    # A task delivered twice at a time is one text: the second copy is told nothing of the first.
    return [answers.pop(task.claim_id, Stale()) for task in tasks]


@dataclass(frozen=True)
class _Draft:
    """A text that may go: filled, and with its links where they were found."""

    claim: TakenClaim
    text: str
    links: tuple[FoundLink, ...]


async def _judge(
    conn: Connection, campaign: Campaign, claim: TakenClaim, seen: DictRow, now: datetime
) -> _Draft | Released | Unfit:
    verdict = may_text(person_facts_of(campaign, seen, claim.not_after, now), now)
    if isinstance(verdict, Refused):
        return await release_claim(conn, claim, verdict)
    settings = campaign.config.sms
    try:
        text = fill(with_stop_wording(campaign.config.sms_template or "", settings), seen["metadata"])
        # What no network carries is found now, not once others stand in line behind it.
        _ = _split(campaign, text)
    except ValueMissing:
        return await _close(conn, claim, "template_field_missing")
    except InvalidInput:
        return await _close(conn, claim, "text_refused")
    return _Draft(claim, text, find_links(text) if settings.track_links else ())


async def _close(conn: Connection, claim: TakenClaim, reason: str) -> Unfit:
    await close_contact(conn, claim.contact_id, "failed", reason)
    return Unfit(reason)


async def _write_down(
    conn: Connection, campaign: Campaign, drafts: Mapping[UUID, _Draft], terms: TextTerms, now: datetime
) -> Mapping[UUID, BeginningOfText]:
    if not drafts:
        return {}
    links: list[NewLink] = []
    record_ids = {claim_id: uuid4() for claim_id in drafts}
    ids = await take_link_ids(conn, sum(len(draft.links) for draft in drafts.values())) if terms.links else []
    splits: dict[UUID, SplitText] = {}
    for claim_id, draft in drafts.items():
        own, ids = ids[: len(draft.links)], ids[len(draft.links) :]
        splits[claim_id] = _split(campaign, _linked(draft, own, terms.links))
        links += _links_of(
            record_ids[claim_id], draft, own, now + timedelta(days=campaign.config.sms.link_days)
        )
    starts_at = await take_slots(conn, terms.carrier, sum(len(one.parts) for one in splits.values()), now)
    written = [
        _row(campaign, draft.claim, record_ids[claim_id], splits[claim_id], terms)
        | {"request_id": str(claim_id)}
        for claim_id, draft in drafts.items()
    ]
    await insert_texts(conn, written, terms.carrier, terms.gateway_id, now)
    await insert_links(conn, links)
    return {
        claim_id: BegunText(
            record_ids[claim_id],
            draft.claim.phone,
            sender_of(campaign, terms),
            splits[claim_id],
            starts_at,
            timedelta(hours=campaign.config.sms.validity_hours),
            campaign.id,
            draft.claim.contact_id,
        )
        for claim_id, draft in drafts.items()
    }


def sender_of(campaign: Campaign, terms: TextTerms) -> str:
    """Who the campaign's texts come from."""
    return campaign.config.sms.sender or terms.sender


def _split(campaign: Campaign, text: str) -> SplitText:
    return split_text(in_plain_characters(text) if campaign.config.sms.plain_characters else text)


def _linked(draft: _Draft, ids: Sequence[int], terms: LinkTerms | None) -> str:
    if terms is None or not ids:
        return draft.text
    return with_short_links(draft.text, [code_of(one, terms.secret) for one in ids], terms.base_url)


def _links_of(record_id: UUID, draft: _Draft, ids: Sequence[int], expires_at: datetime) -> list[NewLink]:
    return [
        NewLink(link_id, record_id, position, draft.links[position].url, expires_at)
        for position, link_id in enumerate(ids)
    ]


def _row(
    campaign: Campaign, claim: TakenClaim, record_id: UUID, split: SplitText, terms: TextTerms
) -> dict[str, Any]:
    price = campaign.config.sms.price_per_part
    return {
        "id": str(record_id),
        "contact_id": str(claim.contact_id),
        "campaign_id": str(claim.campaign_id),
        "area_id": claim.area_id,
        "bucket": claim.bucket,
        "seq": claim.seq,
        "phone": claim.phone,
        "sender": sender_of(campaign, terms),
        "body": "".join(split.parts),
        "encoding": split.encoding,
        "parts": len(split.parts),
        "price_per_part": None if price is None else str(price),
    }
