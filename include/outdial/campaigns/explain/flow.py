"""Whether calls get on: somebody to call, room, dialers, the queue, and how the latest calls ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil

from outdial.campaigns.explain.look import Finding, Look, State
from outdial.campaigns.preview.outlooks import Outlooks, by_group
from outdial.domain.dispositions import UNCOUNTED, Disposition
from outdial.reports.wording import count, counted, outcome_name

UNSENT_FOR = timedelta(seconds=5)
UNBEGUN_FOR = timedelta(seconds=15)
"""A dial task on the queue for longer waits for something."""

LATEST_CALLS = 10


def contacts(look: Look) -> Iterator[Finding]:
    """Whether anybody can be called, and if not, until when."""
    groups = by_group(look.outlooks)
    standing = look.standing
    in_hand = standing.dispatched + standing.live_calls + standing.live_texts
    slug = look.campaign.slug
    if not sum(groups.values()):
        action = f"`outdial contacts import FILE --campaign {slug}`"
        yield Finding(about="contacts", state="stops", text="The campaign has no contacts.", action=action)
    elif look.can_be_called or look.can_be_texted:
        text = f"{_now(look)} now, {count(groups['later'])} later."
        yield Finding(about="contacts", state="fine", text=text)
    elif groups["later"]:
        yield from _all_wait(look, groups["later"], "note" if in_hand else "stops")
    elif not in_hand:
        again = "called again" if look.texting is None else "called or texted again"
        text = f"Nobody is left: of {counted(groups['never'], 'contact')} none will be {again}."
        action = f"`outdial campaign preview {slug}` says why; import more, or let the campaign end"
        yield Finding(about="contacts", state="stops", text=text, action=action)


def _now(look: Look) -> str:
    numbers = ((look.can_be_called, "called"), (look.can_be_texted, "texted"))
    return " and ".join(f"{counted(number, 'contact')} can be {how}" for number, how in numbers if number)


def _all_wait(look: Look, later: int, state: State) -> Iterator[Finding]:
    waits: dict[str, list[Outlooks]] = {}
    for one in look.outlooks:
        if one.group == "later":
            waits.setdefault(one.text, []).append(one)
    reached = "called" if look.texting is None else "called or texted" if look.calls else "texted"
    text = f"Nobody can be {reached} now: {counted(later, 'contact waits', 'contacts wait')}."
    action = "wait, or change what they wait for"
    yield Finding(about="contacts", state=state, text=text, until=_first(look.outlooks), action=action)
    for why, some in waits.items():
        text = f"{counted(sum(one.contacts for one in some), 'waits', 'wait')}: {why}."
        yield Finding(about="contacts", state="note", text=text, until=_first(some))


def _first(some: Sequence[Outlooks]) -> datetime | None:
    return min((one.first_at for one in some if one.first_at is not None), default=None)


def room(look: Look) -> Iterator[Finding]:
    """The campaign's places, and its part of the queue."""
    dispatched = look.outbox.sent + look.outbox.unsent
    taken = look.standing.live_calls + dispatched
    places = look.campaign.config.max_concurrent_calls
    if taken >= places:
        text = (
            f"Every place is taken (maxConcurrentCalls {places}): {look.standing.live_calls} by calls, "
            f"{dispatched} by dial tasks on their way."
        )
        yield Finding(about="places", state="waits", text=text, action="wait for calls to end, or raise it")
    elif dispatched >= ceil(look.cps * look.horizon_s):
        text = (
            f"{counted(dispatched, 'dial task waits', 'dial tasks wait')} for dialers, which "
            f"is enough for {look.horizon_s:g} s; no more are sent until some begin."
        )
        yield Finding(about="places", state="waits", text=text)


def dialers(look: Look) -> Iterator[Finding]:
    """The processes that call."""
    seen = look.dialers
    if not seen.alive:
        others = f" ({counted(seen.draining, 'is', 'are')} stopping)" if seen.draining else ""
        text = f"No dialer is alive{others}: nobody can call."
        action = "`outdial dialer`, or `outdial standalone start` on one machine"
        yield Finding(about="dialers", state=look.stops, text=text, since=seen.heard_at, action=action)
        return
    alive = f"{counted(seen.alive, 'dialer is', 'dialers are')} alive."
    yield Finding(about="dialers", state="fine", text=alive)
    if look.pace.source == "postgres":
        text = (
            f"The pace comes from PostgreSQL, as Redis was lost; it is seen by {seen.see_redis} of "
            f"{counted(seen.alive, 'dialer')} now. Calls go on, more slowly."
        )
        action = "see `outdial doctor`"
        yield Finding(about="pace", state="note", text=text, since=look.pace.starts_at, action=action)


def outbox(look: Look) -> Iterator[Finding]:
    """Claims that do not get on: to the queue, or from there into calls."""
    box, now = look.outbox, look.now
    if box.unsent_since is not None and now - box.unsent_since > UNSENT_FOR:
        text = (
            f"{counted(box.unsent, 'claim has', 'claims have')} not got onto the queue: SQS does not answer, "
            "or dispatch was cut off."
        )
        action = "see `outdial doctor`, and the triggerer's log"
        yield Finding(about="queue", state="waits", text=text, since=box.unsent_since, action=action)
    if box.sent_since is not None and now - box.sent_since > UNBEGUN_FOR and look.dialers.alive:
        text = (
            f"{counted(box.sent, 'dial task is', 'dial tasks are')} on the queue and no dialer begins any: "
            "it may have no link to Asterisk, or other campaigns use up the pace."
        )
        action = "see `outdial doctor`, and the dialer's log, which names each refusal"
        yield Finding(about="queue", state="waits", text=text, since=box.sent_since, action=action)


def endings(look: Look) -> Iterator[Finding]:
    """How the latest calls ended, where nearly none got anywhere."""
    total = sum(look.endings.values())
    unreached = {name: n for name, n in look.endings.items() if Disposition(name) in UNCOUNTED}
    if total >= LATEST_CALLS and sum(unreached.values()) >= 0.8 * total:
        named = ", ".join(f"{n} {outcome_name(Disposition(name)).lower()}" for name, n in unreached.items())
        text = f"Of the last {total} calls {sum(unreached.values())} never reached the network: {named}."
        action = "check Asterisk and its trunk, see `outdial doctor`"
        yield Finding(about="calls", state="waits", text=text, action=action)


def claiming(look: Look) -> Iterator[Finding]:
    """Whether dispatch takes those who can be called; asked where nothing else stops the calls."""
    standing, texts = look.standing, look.texting
    in_hand = standing.dispatched or standing.live_calls or standing.live_texts
    idle = not (in_hand or look.traffic.last_minute or (texts and texts.traffic.last_minute))
    if idle and (look.can_be_called or look.can_be_texted):
        text = f"Nothing stops the {look.what}, yet dispatch has claimed nobody: it may just be starting."
        action = "ask again in 10 seconds; then look at the dispatch task and the triggerer's log in Airflow"
        yield Finding(
            about="dispatch", state="waits", text=text, since=look.traffic.last_begun_at, action=action
        )
