"""What a call's events mean, for every outcome that was measured and in every order they can come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, strategies as st

from outdial.dialer.call_progress import (
    CallProgress,
    advance,
    answered,
    call_id_of,
    disposition_of,
    hung_up_by_us,
    outcome_of,
)
from outdial.domain.dispositions import Disposition

ID = "call-1"
START = datetime(2026, 6, 15, 16, tzinfo=UTC)
Event = dict[str, str]

NEWCHANNEL = {"Event": "Newchannel", "Uniqueid": ID, "ChannelState": "0"}
RINGING = {"Event": "Newstate", "Uniqueid": ID, "ChannelState": "5"}
DIAL_RINGING = {"Event": "DialState", "DestUniqueid": ID, "DialStatus": "RINGING"}
DIAL_PROGRESS = {"Event": "DialState", "DestUniqueid": ID, "DialStatus": "PROGRESS"}
UP = {"Event": "Newstate", "Uniqueid": ID, "ChannelState": "6"}
DIAL_ANSWER = {"Event": "DialEnd", "DestUniqueid": ID, "DialStatus": "ANSWER"}
ACCEPTED = {"Event": "OriginateResponse", "Uniqueid": ID, "Response": "Success", "Reason": "4"}
FAR_HANGUP = {"Event": "HangupRequest", "Uniqueid": ID}


def failed(reason: str = "0") -> Event:
    return {"Event": "OriginateResponse", "Uniqueid": ID, "Response": "Failure", "Reason": reason}


def hangup(cause: int, tech: int | None = None, state: str = "0") -> Event:
    event = {"Event": "Hangup", "Uniqueid": ID, "Cause": str(cause), "ChannelState": state}
    return event if tech is None else event | {"TechCause": str(tech)}


def dial_end(status: str) -> Event:
    return {"Event": "DialEnd", "DestUniqueid": ID, "DialStatus": status}


def after(events: list[Event] | tuple[Event, ...], progress: CallProgress | None = None) -> CallProgress:
    progress = progress or CallProgress(ID)
    for second, event in enumerate(events):
        assert call_id_of(event) == ID
        progress = advance(progress, event, START + timedelta(seconds=second))
    return progress


REFUSED_BY_SIP = [
    (486, 17, Disposition.BUSY),
    (600, 17, Disposition.BUSY),
    (404, 1, Disposition.INVALID_NUMBER),
    (604, 1, Disposition.INVALID_NUMBER),
    (410, 22, Disposition.INVALID_NUMBER),
    (484, 28, Disposition.INVALID_NUMBER),
    (403, 21, Disposition.REJECTED),
    (603, 21, Disposition.REJECTED),
    (607, 127, Disposition.REJECTED),
    (608, 127, Disposition.REJECTED),
    (408, 18, Disposition.NO_ANSWER),
    (480, 19, Disposition.NO_ANSWER),
    (500, 38, Disposition.CONGESTION),
    (502, 27, Disposition.CONGESTION),
    (503, 34, Disposition.CONGESTION),
    (504, 102, Disposition.CONGESTION),
    (488, 58, Disposition.REFUSED),
    (402, 127, Disposition.REFUSED),
    (487, 127, Disposition.CANCELLED),
]


def test_a_call_asterisk_could_not_even_dial_says_nothing_about_the_person() -> None:
    for order in permutations([FAR_HANGUP, failed(), hangup(0)]):
        assert disposition_of(after([NEWCHANNEL, *order])) is Disposition.CONGESTION


def test_a_call_that_asterisk_ends_because_it_is_stopped_says_nothing_about_the_person() -> None:
    for order in permutations([dial_end("NOANSWER"), failed(), hangup(0)]):
        assert disposition_of(after([NEWCHANNEL, RINGING, *order])) is Disposition.CANCELLED


@pytest.mark.parametrize(("sip", "cause", "disposition"), REFUSED_BY_SIP)
@pytest.mark.parametrize("rings", [True, False])
def test_a_refused_call_is_judged_by_its_cause_in_every_order_of_its_last_events(
    sip: int, cause: int, disposition: Disposition, rings: bool
):
    before = [NEWCHANNEL, *([RINGING, DIAL_RINGING] if rings else []), FAR_HANGUP | {"Cause": str(cause)}]
    status = {17: "BUSY", 34: "CONGESTION"}.get(cause, "NOANSWER")
    for last in permutations([failed(), dial_end(status), hangup(cause, sip)]):
        progress = after([*before, *last])
        assert progress.is_decided
        outcome = outcome_of(progress, START)
        assert (outcome.disposition, outcome.hangup_cause, outcome.tech_cause) == (
            disposition,
            cause,
            str(sip),
        )


@pytest.mark.parametrize("last", list(permutations([failed("3"), hangup(19, 480, "5")])))
def test_a_telephone_that_rang_out_is_no_answer(last: tuple[Event, ...]):
    assert disposition_of(after([NEWCHANNEL, RINGING, *last])) is Disposition.NO_ANSWER


@pytest.mark.parametrize("last", list(permutations([failed("3"), hangup(19, 480)])))
def test_a_trunk_that_never_replied_is_down_and_says_nothing_about_the_person(last: tuple[Event, ...]):
    progress = after([NEWCHANNEL, *last])
    assert progress.is_decided
    assert disposition_of(progress) is Disposition.TRUNK_DOWN


def test_early_media_is_a_reply():
    assert (
        disposition_of(after([NEWCHANNEL, DIAL_PROGRESS, hangup(19, 480), failed("3")]))
        is Disposition.NO_ANSWER
    )


def test_an_endpoint_that_does_not_exist_has_no_hangup_and_is_a_trunk_down():
    progress = after([failed("0")])
    assert not progress.is_decided
    assert disposition_of(progress) is Disposition.TRUNK_DOWN


@given(st.permutations([UP, DIAL_ANSWER, ACCEPTED]), st.sampled_from([0, 16, 17, 127]), st.booleans())
def test_who_picked_up_has_answered_whatever_the_cause_at_the_end(
    answer: list[Event], cause: int, rings: bool
):
    before = [NEWCHANNEL, RINGING] if rings else [NEWCHANNEL, DIAL_PROGRESS]
    progress = after([*before, *answer, FAR_HANGUP, hangup(cause, state="6")])
    assert progress.is_decided
    outcome = outcome_of(progress, START)
    assert outcome.disposition is Disposition.ANSWERED
    assert outcome.ringing_at == START + timedelta(seconds=1)
    assert outcome.answered_at == START + timedelta(seconds=2)
    assert outcome.ended_at == START + timedelta(seconds=6)


FULL_ANSWER = [
    NEWCHANNEL,
    RINGING,
    DIAL_RINGING,
    UP,
    DIAL_ANSWER,
    ACCEPTED,
    FAR_HANGUP,
    hangup(16, state="6"),
]
FULL_BUSY = [NEWCHANNEL, RINGING, DIAL_RINGING, FAR_HANGUP, failed(), dial_end("BUSY"), hangup(17, 486, "5")]


@given(st.lists(st.booleans(), min_size=7, max_size=7))
def test_an_answered_call_stays_answered_whichever_events_were_lost_before_its_hangup(kept: list[bool]):
    events = [event for event, keep in zip(FULL_ANSWER, [*kept, True], strict=True) if keep]
    assert disposition_of(after(events)) is Disposition.ANSWERED


@given(st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_busy_call_stays_busy_whichever_events_were_lost_before_its_hangup(kept: list[bool]):
    events = [event for event, keep in zip(FULL_BUSY, [*kept, True], strict=True) if keep]
    assert disposition_of(after(events)) is Disposition.BUSY


@given(st.permutations(FULL_BUSY), st.data())
def test_repeated_events_change_nothing(order: list[Event], data: st.DataObject):
    again = data.draw(st.lists(st.sampled_from(order)))
    assert disposition_of(after([*order, *again])) is Disposition.BUSY


@pytest.mark.parametrize(
    "last", list(permutations([failed("0"), dial_end("NOANSWER"), hangup(16, state="5")]))
)
def test_a_call_we_hung_up_while_it_rang_is_cancelled(last: tuple[Event, ...]):
    ringing = hung_up_by_us(after([NEWCHANNEL, RINGING]))
    assert disposition_of(after(last, ringing)) is Disposition.CANCELLED


def test_a_call_that_was_busy_before_our_hangup_reached_it_is_busy():
    assert (
        disposition_of(after([hangup(17, 486), failed()], hung_up_by_us(CallProgress(ID))))
        is Disposition.BUSY
    )


def test_a_call_whose_end_nobody_saw_is_unknown_and_one_that_was_answered_is_not():
    ringing = after([NEWCHANNEL, RINGING])
    assert disposition_of(ringing) is Disposition.UNKNOWN
    assert disposition_of(answered(ringing, START)) is Disposition.ANSWERED


def test_a_failure_to_a_second_originate_under_one_id_does_not_end_the_call_that_is_up():
    progress = after([NEWCHANNEL, UP, failed("0")])
    assert not progress.is_decided
    assert disposition_of(after([hangup(0, state="6")], progress)) is Disposition.ANSWERED
