"""Progress: every contact is counted once, and those to be called again are not taken for finished."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outdial.attempts.begin import Begun, Permit, begin_attempt
from outdial.attempts.settle import CallOutcome, settle
from outdial.campaigns.dispatch import DispatchLimits, dispatch_tick
from outdial.campaigns.progress import read_progress
from outdial.domain.channels import Channel
from outdial.domain.dial_task import DialTask
from outdial.domain.dispositions import Disposition
from outdial.domain.sms.delivery import TextState
from outdial.messaging.task_queue import TaskQueue
from outdial.storage.claims import promote_due
from outdial.storage.pool import Pool
from tests import given
from tests.reports.text_history import TAKEN, UNDER_WAY, make_text_history, store_text_history

NOON = datetime(2026, 6, 15, 16, tzinfo=UTC)


async def test_a_contact_is_to_be_called_again_before_and_after_it_is_due(pool: Pool, queue: TaskQueue):
    retry = {"busy": {"delaySeconds": 60}}
    campaign = await given.a_running_campaign(pool, NOON, given.phones(1), retry=retry)
    await dispatch_tick(
        pool, {Channel.VOICE: queue}, campaign.id, given.RUN, DispatchLimits(10, 10, 10), NOON
    )
    (message,) = await queue.receive(1, 1)
    permit = Permit(await given.a_dialer(pool, NOON), "trunk", 1)
    begun = await begin_attempt(pool, DialTask.model_validate_json(message.body), permit, NOON)
    assert isinstance(begun, Begun)

    async with pool.connection() as conn:
        ringing = await read_progress(conn, campaign.id, NOON)
        await settle(pool, [CallOutcome(begun.call_id, Disposition.BUSY, NOON)])
        waiting = await read_progress(conn, campaign.id, NOON)
        await promote_due(conn, campaign.id, NOON + timedelta(seconds=60), 10)
        due = await read_progress(conn, campaign.id, NOON)

    assert (ringing.in_progress, ringing.live, ringing.failed) == (1, 1, 0)
    for figures in (waiting, due):
        assert (figures.failed, figures.waiting, figures.busy) == (1, 1, 1)
        assert figures.needs_more_contacts
        assert figures.completion_percent == 0


async def test_figures_of_texts_are_what_the_rows_say(pool: Pool):
    campaign = await given.a_campaign(pool, NOON, type="hybrid", smsTemplate="Hello")
    history = make_text_history(3, 150, NOON, campaign.reach)
    await store_text_history(pool, campaign, history, NOON)
    texts = [text for person in history for text in person.texts if text.origin != "answer"]
    states = [text.state for text in texts]

    async with pool.connection() as conn:
        figures = await read_progress(conn, campaign.id, NOON)

    assert figures.texts == len(texts)
    assert figures.texts_sent == sum(state in TAKEN for state in states)
    assert figures.texts_delivered == states.count(TextState.DELIVERED) > 0
    failed = states.count(TextState.UNDELIVERED) + states.count(TextState.REFUSED)
    assert figures.texts_failed == failed > 0
    assert figures.texts_unknown == states.count(TextState.UNKNOWN) > 0
    assert figures.texts_in_progress == sum(state in UNDER_WAY for state in states) > 0
    assert figures.replied == sum(any(text.replies for text in person.texts) for person in history) > 0
    assert figures.opted_out_by_reply == sum(text.opted_out for text in texts) > 0
    assert figures.texts_per_second == sum(text.begun_at > NOON - timedelta(seconds=5) for text in texts) / 5


async def test_a_contact_whose_text_is_under_way_is_in_progress_and_later_completed(pool: Pool):
    campaign = await given.a_campaign(pool, NOON, type="sms", smsTemplate="Hello")
    history = make_text_history(4, 150, NOON, campaign.reach)
    await store_text_history(pool, campaign, history, NOON)
    texting = sum(person.stands in {"texting", "dispatched"} for person in history)

    async with pool.connection() as conn:
        before = await read_progress(conn, campaign.id, NOON)
        ended = await conn.execute("delete from live_texts returning contact_id")
        await conn.execute(
            "update contacts set status = 'completed' where id = any(%s)",
            [[row["contact_id"] for row in await ended.fetchall()]],
        )
        after = await read_progress(conn, campaign.id, NOON)

    assert before.in_progress == texting > 0
    states = (before.pending, before.in_progress, before.completed, before.failed, before.blacklisted)
    assert sum(states) == before.total == 150
    assert (after.in_progress, after.completed - before.completed) == (0, texting)
    assert after.completion_percent > before.completion_percent
