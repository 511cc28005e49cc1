"""Numbers, call ids, ranking and campaign files: what words mean."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from outdial.domain.call_ids import CallKey
from outdial.domain.campaign import read_campaign
from outdial.domain.dial_task import DialTask
from outdial.domain.errors import InvalidInput
from outdial.domain.phone_numbers import NotANumber, Number, possible_zones, read_number
from outdial.domain.ranking import NO_PLANNED_HOUR, level_of
from outdial.telemetry.logs import mask_numbers

CAMPAIGN = {
    "name": "Spring appeal",
    "type": "voice",
    "timezone": "Asia/Jerusalem",
    "config": {"callingWindows": [{"dayOfWeek": [0], "startHour": 9, "endHour": 21}]},
}


@given(st.integers(0, 23), st.integers(0, 23))
def test_the_closest_hour_counts_the_short_way_round_the_clock(planned, local):
    assert level_of(planned, local) == min((planned - local) % 24, (local - planned) % 24)
    assert level_of(planned, local) < level_of(NO_PLANNED_HOUR, local)


def test_a_call_id_says_whose_call_it_is():
    assert str(CallKey(UUID(int=1), UUID(int=2), 3)) == (
        "call-00000000-0000-0000-0000-000000000001-00000000-0000-0000-0000-000000000002-3"
    )


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(202) 555-0123", "US", Number("+12025550123", assigned=True)),
        ("+972 50-123-4567", None, Number("+972501234567", assigned=False)),
        ("020 7946 0018", "GB", Number("+442079460018", assigned=True)),
        ("+1 234 555 01", None, NotANumber("too short for a telephone number")),
        ("5550123", None, NotANumber("has no country code, and the campaign names no default region")),
        ("n/a", "US", NotANumber("not a telephone number")),
    ],
)
def test_numbers_as_people_write_them(text, region, expected):
    assert read_number(text, region) == expected


def test_a_number_may_stand_in_several_zones():
    assert possible_zones("+12025550123") == ("America/New_York",)
    assert len(possible_zones("+18005550123")) > 5


def test_every_wrong_field_of_a_campaign_is_named():
    written = CAMPAIGN | {"type": "fax", "timezone": "Mars/Olympus", "colour": 1}

    with pytest.raises(InvalidInput) as refused:
        read_campaign(written)

    assert [problem.split(":")[0] for problem in refused.value.problems] == ["type", "timezone", "colour"]


@pytest.mark.parametrize(
    ("name", "slug"), [("Spring appeal 2026!", "spring_appeal_2026"), ("Été", "ete"), ("תרומות", "campaign")]
)
def test_a_campaigns_name_becomes_a_dag_id(name, slug):
    assert read_campaign(CAMPAIGN | {"name": name}).slug == slug


@pytest.mark.parametrize("number", ["972501234567", "+0123456", "+97250x", "+1", ""])
def test_a_dial_task_carries_only_e164(number):
    with pytest.raises(ValidationError):
        DialTask(
            contact_id=uuid4(),
            campaign_id=uuid4(),
            phone_number=number,
            attempts=0,
            timestamp=datetime(2026, 1, 1, tzinfo=UTC),
            claim_id=uuid4(),
        )


def test_a_dial_task_survives_its_journey():
    task = DialTask(
        contact_id=uuid4(),
        campaign_id=uuid4(),
        phone_number="+972501234567",
        metadata={"firstName": "Дана"},
        attempts=1,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        claim_id=uuid4(),
    )

    assert DialTask.model_validate_json(task.to_json()) == task


def test_logs_mask_numbers():
    assert mask_numbers("calling +972501234567 now") == "calling +972*******67 now"
