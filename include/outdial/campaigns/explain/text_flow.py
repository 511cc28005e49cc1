"""Whether texts get on: a gateway and its carrier, the queue, receipts, and what became of the latest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from outdial.campaigns.explain.look import Finding, Look
from outdial.domain.sms.delivery import TextState
from outdial.reports.wording import counted, failure_name, state_name

UNSENT_FOR = timedelta(seconds=5)
UNREACHED_FOR = timedelta(seconds=15)
"""Gateways say every two seconds which carriers they reach."""

LATEST_TEXTS = 10
_UNSENT = {TextState.NOT_TAKEN, TextState.REFUSED}


def gateways(look: Look) -> Iterator[Finding]:
    """The processes that text, by when one had a link to the campaign's carrier."""
    if look.texting is None:
        return
    carrier, named = look.texting.carrier, look.campaign.config.sms.carrier
    if carrier is None:
        which = f" {named}" if named else ""
        text = f"No gateway has ever opened the carrier{which}: nobody can be texted."
        action = "`outdial sms-gateway`, with the carrier in SMS_CARRIERS"
        yield Finding(about="gateway", state=look.stops, text=text, action=action)
    elif look.now - carrier.seen_at > UNREACHED_FOR:
        text = (
            f"No gateway reaches the carrier {carrier.name}: none is alive, or the carrier does not answer."
        )
        action = "`outdial sms-gateway`, and see its log and `outdial doctor`"
        yield Finding(about="gateway", state=look.stops, text=text, since=carrier.seen_at, action=action)
    else:
        pace = f"{carrier.parts_per_second:g}"
        text = f"A gateway reaches the carrier {carrier.name}, which takes {pace} parts a second."
        yield Finding(about="gateway", state="fine", text=text)


def text_queue(look: Look) -> Iterator[Finding]:
    """Claims that do not get onto the queue of texts, or wait there for the carrier's pace."""
    if look.texting is None:
        return
    box, carrier = look.texting.outbox, look.texting.carrier
    if box.unsent_since is not None and look.now - box.unsent_since > UNSENT_FOR:
        text = (
            f"{counted(box.unsent, 'claim has', 'claims have')} not got onto the queue of texts: SQS does "
            "not answer, or dispatch was cut off."
        )
        action = "see `outdial doctor`, and the triggerer's log"
        yield Finding(about="queue", state="waits", text=text, since=box.unsent_since, action=action)
    if box.sent and carrier is not None and look.now - carrier.seen_at <= UNREACHED_FOR:
        text = (
            f"{counted(box.sent, 'text waits', 'texts wait')} for the carrier {carrier.name}, which takes "
            f"{carrier.parts_per_second:g} parts a second, of all campaigns together."
        )
        yield Finding(about="queue", state="note", text=text)


def receipts(look: Look) -> Iterator[Finding]:
    """Contacts who are in progress until the carrier tells what became of their texts."""
    if look.texting is None or not look.texting.under_way.awaiting_receipts:
        return
    under_way = look.texting.under_way
    text = (
        f"{counted(under_way.awaiting_receipts, 'text is', 'texts are')} with the carrier and "
        f"{'waits' if under_way.awaiting_receipts == 1 else 'wait'} for a receipt; without one they are done "
        "at their time (receiptWaitSeconds)."
    )
    yield Finding(about="receipts", state="note", text=text, until=under_way.last_settles_at)


def text_endings(look: Look) -> Iterator[Finding]:
    """What carriers answered to the latest texts, where they took nearly none."""
    if look.texting is None:
        return
    endings = look.texting.endings
    total = sum(endings.values())
    unsent = {ending: n for ending, n in endings.items() if TextState(ending[0]) in _UNSENT}
    if total >= LATEST_TEXTS and sum(unsent.values()) >= 0.8 * total:
        named = ", ".join(f"{n} {_ending(*ending)}" for ending, n in unsent.items())
        text = f"Of the last {total} texts {sum(unsent.values())} were not taken: {named}."
        action = "see the gateway's log for the carrier's own words, and `campaign explain --contact`"
        yield Finding(about="texts", state="waits", text=text, action=action)


def _ending(state: str, failure: str) -> str:
    name = state_name(TextState(state)).lower()
    return f"{name} ({failure_name(failure)})" if failure else name
