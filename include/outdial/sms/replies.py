"""Acts on what people write back: STOP, START and HELP at once, doubt by silence until a person has read it.

A reply, what it does to the lists and the answer to it are one transaction: a crash leaves all of them or
none, and none means that the carrier brings the reply again.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from outdial.blacklist.cache import NO_CACHE, Entry, ListedCache
from outdial.blacklist.contacts import sweep
from outdial.domain.errors import InvalidInput
from outdial.domain.sms.answers import AnswerKind
from outdial.domain.sms.delivery import IncomingText
from outdial.domain.sms.keywords import Keywords, keywords_with, known_keywords
from outdial.domain.sms.replies import Reply, ReplyKind, read_reply
from outdial.sms.answers import Answerable, queue_answer, read_settings
from outdial.sms.reply_listings import BY_REPLIES, STOPPED, UNCLEAR, list_for_reply, take_back
from outdial.storage.blacklist import (
    EVERYWHERE,
    Listing,
    Unlisting,
    hold_changes,
    hold_list,
    is_listed,
)
from outdial.storage.erasure import find_erased
from outdial.storage.pool import Connection, Pool
from outdial.storage.replies import (
    TextAnswered,
    find_text,
    has_stopped_since,
    keep_reply,
    note_opt_out,
    read_reply_row,
    read_text,
    settle_all_of,
    settle_reply,
    waits_for_a_person,
    was_helped_since,
)
from outdial.telemetry.logs import get_logger

ANSWERS_WITHIN = timedelta(days=90)
"""A reply answers a text that is no older."""

ONE_HELP_PER = timedelta(hours=1)

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")

log = get_logger(__name__)

Announce = Callable[[Mapping[str, Any]], None]
"""Tells the world outside of an opt-out, soon and best effort."""


def tell_nobody(_event: Mapping[str, Any]) -> None:
    """For an installation without a topic for opt-outs."""


@dataclass(frozen=True)
class Outside:
    """What acting on replies reaches. Carriers in `confirms_stop` answer STOP by themselves."""

    pool: Pool
    cache: ListedCache = NO_CACHE
    announce: Announce = tell_nobody
    confirms_stop: Collection[str] = ()
    usual_sender: str = ""


@dataclass(frozen=True)
class _Done:
    """What is to be told once it is committed."""

    listed: Collection[str] = ()
    events: Collection[Mapping[str, Any]] = field(default=())


async def take_reply(outside: Outside, incoming: IncomingText, now: datetime) -> None:
    """Keep a reply and do what it asks for; the same one again does nothing.

    On return nothing is sent any more to who wanted no more, nor are they called. The reply of a number that
    was erased leaves no trace: nobody reaches that number anyway.
    """
    async with outside.pool.connection() as conn, conn.transaction():
        if await find_erased(conn, [incoming.phone]):
            log.info("a reply from a number that was erased is not kept", carrier=incoming.carrier)
            return
        text = await find_text(conn, incoming, now - ANSWERS_WITHIN)
        reply = read_reply(incoming.body, _keywords_of(text))
        done = await _keep_and_act(conn, outside, incoming, reply, text, now)
    await _tell(outside, done, now)


async def settle_unclear(
    outside: Outside, reply_id: int, by_whom: str, now: datetime, *, is_stop: bool
) -> None:
    """A person has read a reply: it is a STOP, or the silence it brought ends.

    Raises InvalidInput where no such reply waits.
    """
    async with outside.pool.connection() as conn, conn.transaction():
        await hold_changes(conn)
        row = await settle_reply(conn, reply_id, "stop" if is_stop else "other", by_whom, now)
        if row is None:
            raise InvalidInput(await _why_not_settled(conn, reply_id))
        text = await read_text(conn, row.pop("record_id"))
        reply = Answerable(reply_id, text=text, **row)
        if is_stop:
            reason = f'a reply was read as STOP ("{reply.found}")'
            done = await _stop(conn, outside, reply, Listing(reply.phone, reason, STOPPED, by_whom), now)
        else:
            done = await _end_silence(conn, outside, reply.phone, by_whom, now)
    await _tell(outside, done, now)


async def _keep_and_act(
    conn: Connection,
    outside: Outside,
    incoming: IncomingText,
    reply: Reply,
    text: TextAnswered,
    now: datetime,
) -> _Done:
    act = _ACTIONS.get(reply.kind) if _NUMBER.fullmatch(incoming.phone) else None
    if act is not None:
        # Before the reply is written: whoever changes the lists may wait for rows that it would hold.
        await hold_changes(conn)
    reply_id = await keep_reply(conn, incoming, reply, text)
    if reply_id is None or act is None:
        return _Done()
    kept = Answerable(
        reply_id,
        incoming.carrier,
        incoming.phone,
        incoming.sent_to,
        reply.found,
        reply.language,
        text,
    )
    if reply.kind is ReplyKind.START and await has_stopped_since(conn, incoming.phone, incoming.received_at):
        return _Done()
    return await act(conn, outside, kept, now)


async def _take_stop(conn: Connection, outside: Outside, reply: Answerable, now: datetime) -> _Done:
    reason = f'replied STOP ("{reply.found}")'
    listing = Listing(reply.phone, reason, STOPPED, f"reply {reply.reply_id}")
    return await _stop(conn, outside, reply, listing, now)


async def _stop(
    conn: Connection, outside: Outside, reply: Answerable, listing: Listing, now: datetime
) -> _Done:
    await settle_all_of(conn, reply.phone, "stop", listing.listed_by, now)
    is_new = await list_for_reply(conn, listing, now)
    if is_new:
        if reply.carrier not in outside.confirms_stop:
            await queue_answer(conn, AnswerKind.STOP, reply, outside.usual_sender, now)
        await hold_list(conn)
    # After the list is held, not before: who settles this text holds the list still and waits for its record.
    await note_opt_out(conn, reply.text.record_id)
    if not is_new:
        return _Done()
    return _Done(listed=[reply.phone], events=[_opted_out(reply, listing, now)])


async def _take_unclear(conn: Connection, _outside: Outside, reply: Answerable, now: datetime) -> _Done:
    reason = f'a reply may be a STOP ("{reply.found}"); a person has to read it: `outdial sms replies`'
    listing = Listing(reply.phone, reason, UNCLEAR, f"reply {reply.reply_id}")
    if not await list_for_reply(conn, listing, now):
        return _Done()
    await hold_list(conn)
    return _Done(listed=[reply.phone])


async def _take_start(conn: Connection, outside: Outside, reply: Answerable, now: datetime) -> _Done:
    by_whom = f"reply {reply.reply_id}"
    await settle_all_of(conn, reply.phone, "other", by_whom, now)
    unlisting = Unlisting(by_whom, "replied START", STOPPED)
    is_back = await take_back(conn, reply.phone, BY_REPLIES, unlisting, now, outside.cache)
    if is_back and not await is_listed(conn, reply.phone, reply.text.campaign_id, now):
        await queue_answer(conn, AnswerKind.START, reply, outside.usual_sender, now)
    return _Done()


async def _take_help(conn: Connection, outside: Outside, reply: Answerable, now: datetime) -> _Done:
    listed = await is_listed(conn, reply.phone, reply.text.campaign_id, now)
    if not listed and not await was_helped_since(conn, reply.phone, now - ONE_HELP_PER):
        await queue_answer(conn, AnswerKind.HELP, reply, outside.usual_sender, now)
    return _Done()


_Action = Callable[[Connection, Outside, Answerable, datetime], Awaitable[_Done]]

_ACTIONS: Mapping[ReplyKind, _Action] = {
    ReplyKind.STOP: _take_stop,
    ReplyKind.UNCLEAR: _take_unclear,
    ReplyKind.START: _take_start,
    ReplyKind.HELP: _take_help,
}


async def _end_silence(conn: Connection, outside: Outside, phone: str, by_whom: str, now: datetime) -> _Done:
    if not await waits_for_a_person(conn, phone):
        unlisting = Unlisting(by_whom, "a reply was read, and was no STOP", UNCLEAR)
        await take_back(conn, phone, [UNCLEAR], unlisting, now, outside.cache)
    return _Done()


async def _tell(outside: Outside, done: _Done, now: datetime) -> None:
    """From the commit on nobody begins anything with who is listed; this spares contacts a useless claim."""
    for event in done.events:
        outside.announce(event)
    await outside.cache.add(Entry(phone, EVERYWHERE) for phone in done.listed)
    await sweep(outside.pool, list(done.listed), now)


def _opted_out(reply: Answerable, listing: Listing, now: datetime) -> Mapping[str, Any]:
    text = reply.text
    return {
        "event": "optout.recorded",
        "replyId": reply.reply_id,
        "campaignId": None if text.campaign_id is None else str(text.campaign_id),
        "contactId": None if text.contact_id is None else str(text.contact_id),
        "phoneNumber": reply.phone,
        "metadata": text.metadata or {},
        "timestamp": now.isoformat(),
        "reason": listing.reason,
        "source": STOPPED,
    }


def _keywords_of(text: TextAnswered) -> Keywords:
    """The known words, and those of the campaign the reply answers."""
    try:
        return keywords_with(read_settings(text.settings).reply_words)
    except InvalidInput:  # a word that was free when the campaign chose it
        return known_keywords()


async def _why_not_settled(conn: Connection, reply_id: int) -> str:
    row = await read_reply_row(conn, reply_id)
    if row is None:
        return f"there is no reply {reply_id}: `outdial sms replies` lists those that wait"
    if row["settled_at"] is None:
        return f"reply {reply_id} was read as {row['meaning']} and waits for nobody"
    return f"reply {reply_id} was settled as {row['settled_as']} by {row['settled_by']} already"
