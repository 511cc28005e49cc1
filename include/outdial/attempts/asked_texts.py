"""Texts that people asked for, by a key on a call or by a reply: kept until a gateway sends them.

They are no campaign's turn to disturb somebody, so neither hours nor caps hold them; a listing does, and so
does time: what comes five minutes after it was asked for is of no use. A confirmation that comes later than
that is no confirmation any more in the US (47 CFR 64.1200(a)(12)).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from outdial.attempts.begin_texts import BegunText, TextTerms, sender_of
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.encoding import SplitText, split_text
from outdial.domain.sms.link_codes import code_of
from outdial.domain.sms.links import find_links, with_short_links
from outdial.domain.sms.plain import in_plain_characters
from outdial.domain.sms.requests import RequestedText
from outdial.domain.templates import fill
from outdial.storage.blacklist import hold_list_still
from outdial.storage.campaigns import Campaign, read_campaign
from outdial.storage.carriers import take_slots
from outdial.storage.links import NewLink, insert_links, take_link_ids
from outdial.storage.pool import Connection, Pool
from outdial.storage.replies import QueuedText, queue_text
from outdial.storage.texts import find_phone, take_queued_texts

OF_USE_FOR = timedelta(minutes=5)


async def queue_requested_text(pool: Pool, request: RequestedText, terms: TextTerms, now: datetime) -> bool:
    """Keep a text that was asked for on a call; False where it is kept already, or nobody is there any more.

    Raises InvalidInput where no text can be made of the request, now or later.
    """
    async with pool.connection() as conn, conn.transaction():
        campaign = await read_campaign(conn, request.campaign_id)
        phone = await find_phone(conn, request.campaign_id, request.contact_id)
        if phone is None:
            return False
        text = _text_of(request, campaign)
        links = find_links(text) if terms.links and campaign.config.sms.track_links else ()
        ids = await take_link_ids(conn, len(links)) if links else []
        queued = QueuedText(
            request_id=request.request_id,
            origin="call",
            carrier=terms.carrier,
            sender=sender_of(campaign, terms),
            phone=phone,
            split=_split(campaign, text, ids, terms),
            contact_id=request.contact_id,
            campaign_id=campaign.id,
            price_per_part=campaign.config.sms.price_per_part,
        )
        record_id = await queue_text(conn, queued, request.timestamp)
        if record_id is not None:
            expires_at = now + timedelta(days=campaign.config.sms.link_days)
            await insert_links(
                conn,
                [NewLink(link_id, record_id, n, links[n].url, expires_at) for n, link_id in enumerate(ids)],
            )
    return record_id is not None


async def begin_queued_texts(pool: Pool, terms: TextTerms, limit: int, now: datetime) -> Sequence[BegunText]:
    """Begin up to `limit` texts that wait for the carrier, but for those that may not go any more."""
    async with pool.connection() as conn, conn.transaction():
        await hold_list_still(conn)
        rows = await take_queued_texts(
            conn,
            {
                "carrier": terms.carrier,
                "gateway_id": terms.gateway_id,
                "now": now,
                "too_late": now - OF_USE_FOR,
                "n": limit,
            },
        )
        going = [row for row in rows if row["goes"]]
        starts_at = await _take_room(conn, terms, [row["parts"] for row in going], now)
    return [
        BegunText(row["id"], row["phone"], row["sender"], split_text(row["body"]), starts_at, OF_USE_FOR)
        for row in going
    ]


async def _take_room(conn: Connection, terms: TextTerms, parts: Sequence[int], now: datetime) -> datetime:
    return await take_slots(conn, terms.carrier, sum(parts), now) if parts else now


def _text_of(request: RequestedText, campaign: Campaign) -> str:
    template = request.template or campaign.config.sms_template
    if not template:
        raise InvalidInput("the flow asks for a text, and neither it nor the campaign's smsTemplate has one")
    return fill(template, request.metadata)


def _split(campaign: Campaign, text: str, link_ids: Sequence[int], terms: TextTerms) -> SplitText:
    if link_ids and terms.links:
        codes = [code_of(link_id, terms.links.secret) for link_id in link_ids]
        text = with_short_links(text, codes, terms.links.base_url)
    return split_text(in_plain_characters(text) if campaign.config.sms.plain_characters else text)
