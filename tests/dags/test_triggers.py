"""Triggers live in another process than the task that made them: what they serialise must be enough."""

from __future__ import annotations

import json
from importlib import import_module
from pkgutil import iter_modules

import pytest
from airflow.serialization.encoders import encode_trigger
from airflow.triggers.base import BaseTrigger

import outdial.workflow
from outdial.workflow.campaign_trigger import CampaignTrigger
from outdial.workflow.dispatch_trigger import DispatchTrigger
from outdial.workflow.monitor_trigger import MonitorTrigger

RUN = {
    "dag_id": "campaign__spring",
    "run_id": "manual__1",
    "campaign_id": "0f0e0d0c-0b0a-4908-8706-050403020100",
}
MADE = [
    DispatchTrigger(**RUN),
    DispatchTrigger(**RUN, batch_size=7, contact_limit=3),
    MonitorTrigger(**RUN, batch_size=9),
]


def every_trigger() -> set[type[BaseTrigger]]:
    """Every concrete trigger of the workflow room."""
    for module in iter_modules(outdial.workflow.__path__, "outdial.workflow."):
        import_module(module.name)
    waiting, found = [BaseTrigger], set[type[BaseTrigger]]()
    while waiting:
        for cls in waiting.pop().__subclasses__():
            waiting.append(cls)
            if cls.__module__.startswith("outdial.") and cls is not CampaignTrigger:
                found.add(cls)
    return found


def test_no_trigger_is_forgotten_here() -> None:
    assert every_trigger() == {type(trigger) for trigger in MADE}


@pytest.mark.parametrize("trigger", MADE, ids=repr)
def test_a_trigger_is_rebuilt_from_what_it_serialises(trigger: BaseTrigger) -> None:
    path, kwargs = json.loads(json.dumps(trigger.serialize()))
    module, name = path.rsplit(".", 1)
    rebuilt = getattr(import_module(module), name)(**kwargs)
    assert type(rebuilt) is type(trigger)
    assert rebuilt.serialize() == trigger.serialize()
    assert rebuilt.run_key == trigger.run_key


@pytest.mark.parametrize("trigger", MADE, ids=repr)
def test_airflow_can_store_a_trigger(trigger: BaseTrigger) -> None:
    assert encode_trigger(trigger)["classpath"] == trigger.serialize()[0]
