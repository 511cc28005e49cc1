"""`outdial sms replies`: what waits for a person, and what their decision does."""

from __future__ import annotations

import asyncio

import pytest

from outdial.cli.main import run
from outdial.domain.clock import utc_now
from outdial.domain.sms.delivery import IncomingText
from outdial.messaging.queue_address import QueueAddress
from outdial.sms.inbox import open_inbox
from outdial.sms.replies import Outside
from outdial.storage.pool import Pool
from tests.cli.conftest import Arrange, Command
from tests.dialer.heard import heard_topic
from tests.sms.inbox.texts import ADA, US, nothing_follows


def wrote(*bodies: str):
    """Ada has written."""

    async def arranged(pool: Pool) -> None:
        async with open_inbox(Outside(pool), utc_now, nothing_follows) as inbox:
            for body in bodies:
                await inbox.take_reply(IncomingText("smpp", "", ADA, US, body, utc_now()))

    return arranged


def test_only_doubtful_replies_wait_for_a_person_and_numbers_are_masked(outdial: Command, arrange: Arrange):
    assert outdial("sms", "replies")[1] == []
    arrange(wrote("thanks", "not interested"))
    code, waiting, _ = outdial("sms", "replies")
    assert code == 0
    assert [(row["body"], row["phone"], row["meaning"]) for row in waiting] == [
        ("not interested", "+120******01", "unclear")
    ]
    assert [row["body"] for row in outdial("sms", "replies", "--all")[1]] == ["not interested", "thanks"]
    assert outdial("sms", "replies", "--full")[1][0]["phone"] == ADA


def test_what_is_kept_is_listed_no_more_and_waits_no_more(outdial: Command, arrange: Arrange):
    arrange(wrote("not interested"))
    assert outdial("blacklist", "check", ADA)[1]["listed"] is True
    reply = str(outdial("sms", "replies")[1][0]["id"])
    assert outdial("sms", "replies", "settle", reply, "--keep", "--by", "boss")[0] == 0
    assert outdial("blacklist", "check", ADA)[1]["listed"] is False
    assert outdial("sms", "replies")[1] == []
    code, answer, _ = outdial("sms", "replies", "settle", reply, "--stop")
    assert (code, answer["errors"]) == (1, [f"reply {reply} was settled as other by boss already"])


def test_what_is_read_as_a_stop_stays_listed(outdial: Command, arrange: Arrange):
    arrange(wrote("not interested"))
    reply = str(outdial("sms", "replies")[1][0]["id"])
    assert outdial("sms", "replies", "settle", reply, "--stop", "--by", "boss")[0] == 0
    (entry,) = outdial("blacklist", "check", ADA)[1]["entries"]
    assert (entry["source"], entry["listed_by"]) == ("sms", "boss")


async def test_a_decision_that_is_a_stop_is_told_to_whoever_hears_of_opt_outs(
    outdial: Command, pool: Pool, dial_queue: QueueAddress, monkeypatch: pytest.MonkeyPatch
):
    await wrote("not interested")(pool)
    async with heard_topic(dial_queue) as (arn, heard):
        monkeypatch.setenv("OPTOUT_EVENTS_TOPIC_ARN", arn)
        monkeypatch.setenv("AWS_ENDPOINT_URL", dial_queue.endpoint_url or "")
        _, waiting, _ = await asyncio.to_thread(outdial, "sms", "replies")
        reply = waiting[0]["id"]
        code, _, _ = await asyncio.to_thread(outdial, "sms", "replies", "settle", str(reply), "--stop")
        assert code == 0
        (event,) = await heard.of("optout.recorded")
    assert (event["phoneNumber"], event["source"], event["replyId"]) == (ADA, "sms", reply)


@pytest.mark.parametrize("options", [(), ("--stop", "--keep")])
def test_one_decision_has_to_be_made(outdial: Command, options: tuple[str, ...]):
    code, answer, _ = outdial("sms", "replies", "settle", "1", *options)
    assert (code, answer["errors"]) == (1, ["give either --stop or --keep, one of them"])


def test_a_reply_that_is_not_there_is_named(outdial: Command):
    _, answer, _ = outdial("sms", "replies", "settle", "7", "--stop")
    assert answer["errors"] == ["there is no reply 7: `outdial sms replies` lists those that wait"]


def test_what_people_wrote_does_not_steer_the_terminal(
    outdial: Command, arrange: Arrange, capfd: pytest.CaptureFixture[str]
):
    arrange(wrote("not interested\x1b[2J"))
    assert outdial("sms", "replies")[0] == 0
    assert run(["sms", "replies"]) == 0
    said = capfd.readouterr().out
    assert "not interested [2J" in said
    assert "\x1b" not in said
