"""A call that a machine answers, through the whole dialer: what the world outside is told of it."""

from __future__ import annotations

from outdial.domain.clock import utc_now
from outdial.messaging.announcing import EventTopics
from outdial.simulator.network import simulated_network
from tests import given
from tests.dialer.heard import heard_topic
from tests.dialer.stage import NEVER_AGAIN, Stage, a_scenario, eventually

SHORT = {"messageAfterSilenceMs": 600, "greetingMs": 300, "totalAnalysisMs": 800}


async def test_the_event_of_a_call_says_what_answered_and_whether_a_message_was_left(stage: Stage) -> None:
    talks = {"hello_s": 0.2, "patience_s": 20}
    machine = {"outcome": "machine", "greeting_s": 0.8}
    person, picks_up_by_itself = given.phones(2)
    scenario = a_scenario(
        numbers={person: talks, picks_up_by_itself: machine}, speaks_after_s=0.05, machine_s=20, beep_s=0.1
    )
    amd = {"machine": "leave_message", "messageUrl": "sound:vm-goodbye", "afterGreetingSilenceMs": 300}
    async with heard_topic(stage.address) as (arn, heard), simulated_network(scenario) as network:
        campaign = await given.a_running_campaign(
            stage.pool, utc_now(), [person, picks_up_by_itself], amd=amd | SHORT, **NEVER_AGAIN
        )

        async def both_told() -> bool:
            return len(await heard.of("call.settled")) == 2

        async with stage.dialer(network, topics=EventTopics(calls=arn)):
            await stage.dispatch(campaign)
            await eventually(both_told, within_s=20, every_s=0.2)
        await stage.assert_sound(network)
    told = {(one["disposition"], one["detected"], one["machineMessage"]) for one in heard.events}
    assert told == {
        ("answered", "HUMAN HUMAN-300-300", None),
        ("machine", "MACHINE LONGGREETING-300-300", "left"),
    }
