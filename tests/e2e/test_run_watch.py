"""What the triggers' watch on Airflow says, asked of the real Airflow."""

from __future__ import annotations

import pytest

from outdial.domain.errors import Unavailable
from outdial.standalone.ports import choose_ports
from outdial.workflow.airflow_api import open_airflow_api
from outdial.workflow.connections import AirflowAddress
from outdial.workflow.run_watch import RunWatch
from tests.e2e.conftest import Stack

pytestmark = pytest.mark.timeout(200)


def address_of(stack: Stack) -> AirflowAddress:
    settings = stack.settings
    return AirflowAddress(
        settings.airflow_url, settings.airflow_user, settings.airflow_password.get_secret_value()
    )


async def test_a_run_nobody_started_does_not_go_on(stack: Stack) -> None:
    async with open_airflow_api(address_of(stack)) as api:
        assert not await RunWatch(api).goes_on("campaign__nobody", "manual__never")


async def test_a_token_that_airflow_refuses_is_replaced(stack: Stack) -> None:
    async with open_airflow_api(address_of(stack)) as api:
        api._token = "worn.out.token"
        assert not await RunWatch(api).goes_on("campaign__nobody", "manual__never")


async def test_an_airflow_that_refuses_or_is_silent_says_nothing_about_a_run(stack: Stack) -> None:
    right = address_of(stack)
    closed = choose_ports(["closed"], wished={})["closed"]
    for wrong in (
        AirflowAddress(right.url, right.user, "not the password"),
        AirflowAddress(f"http://127.0.0.1:{closed}", right.user, right.password),
    ):
        async with open_airflow_api(wrong) as api:
            with pytest.raises(Unavailable, match="Airflow's API gives no answer"):
                await RunWatch(api).goes_on("campaign__nobody", "manual__never")
