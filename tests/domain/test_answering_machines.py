"""Machine settings: the usual ones keep the law's two seconds, and contradictions are named."""

from __future__ import annotations

import pytest

from outdial.domain.answering_machines import AnsweringMachines, machine_problems, machine_remarks
from outdial.domain.campaign import read_campaign
from outdial.domain.errors import InvalidInput
from tests import given

MESSAGE = {"machine": "leave_message", "messageUrl": "storage:message.wav"}


def written(**amd: object) -> AnsweringMachines:
    return AnsweringMachines.model_validate(amd)


@pytest.mark.parametrize("amd", [{}, MESSAGE], ids=["hangs up", "leaves a message"])
def test_the_usual_settings_need_no_word(amd: dict[str, str]):
    assert [*machine_problems(written(**amd)), *machine_remarks(written(**amd))] == []


@pytest.mark.parametrize(
    ("amd", "said"),
    [
        ({"machine": "leave_message"}, "messageUrl: leave_message has no message"),
        ({"messageUrl": "storage:message.wav"}, "messageUrl: is never heard, as machine is hang_up"),
        (MESSAGE | {"messageUrl": "message.wav"}, "messageUrl: message.wav is no audio Asterisk can reach"),
        ({"greetingMs": 1700}, "greetingMs: 1700 is never reached"),
        ({"minimumWordMs": 1300}, "minimumWordMs: 1300 is more than greetingMs 1200"),
    ],
)
def test_what_cannot_be_is_named(amd: dict[str, object], said: str):
    (problem,) = machine_problems(written(**amd))
    assert problem.startswith(said)


@pytest.mark.parametrize(
    ("amd", "said"),
    [
        ({"totalAnalysisMs": 1800}, "totalAnalysisMs: a person may hear nothing for 1800 ms"),
        ({"initialSilenceMs": 1500}, "initialSilenceMs: whoever says nothing for 1500 ms"),
        ({"notSure": "machine"}, "notSure: people whom detection cannot tell"),
    ],
)
def test_what_has_a_price_is_said(amd: dict[str, object], said: str):
    (remark,) = machine_remarks(written(**amd))
    assert remark.startswith(said)


@pytest.mark.parametrize(
    ("amd", "said"),
    [
        ({"machin": "hang_up"}, "config.amd.machin: Extra inputs are not permitted"),
        ({"machine": "shout"}, "config.amd.machine: Input should be 'hang_up' or 'leave_message'"),
        ({"greetingMs": 1}, "config.amd.greetingMs: Input should be greater than or equal to 100"),
        ({"notSure": "maybe"}, "config.amd.notSure: Input should be 'human' or 'machine'"),
    ],
)
def test_a_wrong_field_is_named_by_its_place_in_the_file(amd: dict[str, object], said: str):
    config = {"audioFileUrl": "sound:hello-world", "callingWindows": [given.ALWAYS], "amd": amd}
    with pytest.raises(InvalidInput) as refused:
        read_campaign({"name": "Spring", "type": "voice", "timezone": "UTC", "config": config})
    assert refused.value.problems[0].startswith(said)
