"""Where Outdial's parts are, as Airflow knows it: Connections where they exist, else the settings.

`outdial_db` (postgres), `aws_default` (aws; extras `region_name`, `endpoint_url`) and `outdial_airflow`
(http, with the login of a user who may read DAGs and their runs). Asked by the bundle, triggers and tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast
from urllib.parse import quote

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from outdial.domain.errors import InvalidInput
from outdial.settings import Settings
from outdial.speech.config import SpeechConfig


@dataclass(frozen=True)
class AirflowAddress:
    """Airflow's API and who we are to it."""

    url: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class AwsAddress:
    """Where SQS and SNS are; `endpoint_url` None is AWS itself."""

    region: str
    endpoint_url: str | None


async def database_dsn(settings: Settings) -> str:
    """A libpq URI of Outdial's own database."""
    found = await _find("outdial_db")
    if found is None:
        return settings.database_dsn
    login = f"{quote(found.login or '', safe='')}:{quote(found.password or '', safe='')}"
    return f"postgresql://{login}@{found.host}:{found.port or 5432}/{quote(found.schema or 'outdial')}"


async def aws_address(settings: Settings) -> AwsAddress:
    """Where SQS and SNS are."""
    found = await _find("aws_default")
    extra = found.extra_dejson if found else {}
    return AwsAddress(
        region=extra.get("region_name") or settings.aws_region,
        endpoint_url=extra.get("endpoint_url") or settings.aws_endpoint_url,
    )


async def speech_config(settings: Settings) -> SpeechConfig:
    """Who says texts; Polly is where SQS and SNS are."""
    aws = await aws_address(settings)
    return replace(settings.speech, region=aws.region, endpoint_url=aws.endpoint_url)


async def airflow_address(settings: Settings) -> AirflowAddress:
    """Where Airflow's own API is. Raises InvalidInput where nobody said so."""
    found = await _find("outdial_airflow")
    if found is None:
        if not settings.airflow_url:
            raise InvalidInput(
                "Airflow's own address is not set: add the Connection `outdial_airflow` (http, with login) "
                "or AIRFLOW_URL, AIRFLOW_USER and AIRFLOW_PASSWORD; runs need it to keep their lease"
            )
        return AirflowAddress(
            settings.airflow_url.rstrip("/"),
            settings.airflow_user,
            settings.airflow_password.get_secret_value(),
        )
    scheme = found.schema or "http"
    port = f":{found.port}" if found.port else ""
    host = cast("str", found.host).removeprefix(f"{scheme}://")
    return AirflowAddress(f"{scheme}://{host}{port}", found.login or "", found.password or "")


async def _find(conn_id: str) -> Connection | None:
    try:
        return cast("Connection", await Connection.async_get(conn_id))
    except AirflowNotFoundException:
        return None
