"""Airflow as four processes over the stack's PostgreSQL, configured by environment alone.

Not `airflow standalone`: terminated, that leaves every one of its children running.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from outdial.standalone.home import Home, Secrets, write_private
from outdial.standalone.part import Part

ADMIN = "admin"
SERVICE = "outdial"
HEALTH_TIMEOUT_S = 10
_COMPONENTS = ("scheduler", "dag_processor", "triggerer")
_BUNDLE = "outdial.workflow.bundle.CampaignBundle"


@dataclass(frozen=True)
class AirflowSite:
    """Where Airflow's files are and where it listens. `repository` holds `dags` and `plugins`."""

    home: Home
    repository: Path
    port: int
    database_url: str
    secrets: Secrets

    @property
    def folder(self) -> Path:
        """AIRFLOW_HOME."""
        return self.home.path / "airflow"

    @property
    def url(self) -> str:
        """The user interface and the REST API."""
        return f"http://127.0.0.1:{self.port}"


def airflow_environment(site: AirflowSite) -> dict[str, str]:
    """Every setting of Airflow's that is not its default, as environment variables."""
    sections = {
        "database": {"sql_alchemy_conn": site.database_url.replace("postgresql:", "postgresql+psycopg2:")},
        "core": _core(site),
        "api": {
            "host": "127.0.0.1",
            "port": str(site.port),
            "base_url": site.url,
            "secret_key": site.secrets.airflow_api,
            "workers": "1",
            "instance_name": "Outdial",
        },
        "api_auth": {"jwt_secret": site.secrets.airflow_jwt},
        # How long the scheduler rests between looks decides how long a task waits to start.
        "scheduler": {"scheduler_idle_sleep_time": "0.2"},
        # A killed triggerer's loops are taken over after this instead of after half a minute.
        "triggerer": {"triggerer_health_check_threshold": "8", "job_heartbeat_sec": "2"},
        "dag_processor": _dag_processor(site),
        "logging": {
            "base_log_folder": str(site.home.logs / "tasks"),
            "dag_processor_child_process_log_directory": str(site.home.logs / "dag-parsing"),
            "uvicorn_logging_level": "WARNING",
        },
        "usage_data_collection": {"enabled": "False"},
    }
    settings = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": value
        for section, values in sections.items()
        for name, value in values.items()
    }
    return {"AIRFLOW_HOME": str(site.folder)} | settings


def connection_variables(addresses: Mapping[str, str]) -> dict[str, str]:
    """The Connections that Outdial's workflow asks for, from variables of `outdial.settings`.

    As variables, because a triggerer that must look in Airflow's database for one stands still for seconds.
    """
    url = httpx.URL(addresses["AIRFLOW_URL"])
    connections = {
        "outdial_db": {
            "conn_type": "postgres",
            "host": addresses["DB_HOST"],
            "port": int(addresses["DB_PORT"]),
            "schema": addresses["DB_NAME"],
            "login": addresses["DB_USER"],
            "password": addresses["DB_PASSWORD"],
        },
        "aws_default": {
            "conn_type": "aws",
            "extra": {
                "region_name": addresses["AWS_REGION"],
                "endpoint_url": addresses["AWS_ENDPOINT_URL"],
            },
        },
        "outdial_airflow": {
            "conn_type": "http",
            "schema": url.scheme,
            "host": url.host,
            "port": url.port,
            "login": addresses["AIRFLOW_USER"],
            "password": addresses["AIRFLOW_PASSWORD"],
        },
    }
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}


def write_airflow_files(site: AirflowSite) -> None:
    """Write what Airflow reads from files: its users' passwords."""
    site.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    passwords = {ADMIN: site.secrets.airflow_admin, SERVICE: site.secrets.airflow_service}
    write_private(_passwords_file(site), json.dumps(passwords))


def migration_part(site: AirflowSite, environment: Mapping[str, str]) -> Part:
    """The run-to-end part that brings Airflow's own database to its version."""
    return _airflow_part(site, "airflow-migration", ["db", "migrate"], environment)


def airflow_parts(
    site: AirflowSite, environment: Mapping[str, str], clock: Callable[[], datetime]
) -> list[Part]:
    """The four processes; each is ready when Airflow itself calls it healthy."""
    started_at = clock()
    commands = {
        "api_server": ["api-server"],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag_processor": ["dag-processor"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    }
    return [_airflow_part(site, name, command, environment, started_at) for name, command in commands.items()]


async def airflow_health(url: str) -> dict[str, dict[str, str | None]]:
    """Airflow's own word on each of its components; empty while its API server does not answer."""
    try:
        async with httpx.AsyncClient(base_url=url, timeout=HEALTH_TIMEOUT_S, trust_env=False) as client:
            response = await client.get("/api/v2/monitor/health")
            return response.json() if response.is_success else {}
    except (httpx.HTTPError, ValueError):
        return {}


def _airflow_part(
    site: AirflowSite,
    component: str,
    command: list[str],
    environment: Mapping[str, str],
    started_at: datetime | None = None,
) -> Part:
    async def is_ready() -> bool:
        return _is_healthy(await airflow_health(site.url), component, started_at)

    name = component.replace("_", "-")
    return Part(
        name if name.startswith("airflow") else f"airflow-{name}",
        [sys.executable, "-m", "airflow", *command],
        site.home.log(name if name.startswith("airflow") else f"airflow-{name}"),
        is_ready,
        environment=environment,
        folder=site.repository,
        ready_timeout_s=120,
        # The triggerer's triggers end within a second, but it would go on waiting for another nine.
        grace_s=4 if component == "triggerer" else 20,
    )


def _is_healthy(
    health: Mapping[str, Mapping[str, str | None]], component: str, started_at: datetime | None
) -> bool:
    """Whether `component` is healthy by a heartbeat of this start; the last run's stay fresh for a while."""
    if component not in _COMPONENTS:
        return health.get("metadatabase", {}).get("status") == "healthy"
    state = health.get(component, {})
    heartbeat = state.get(f"latest_{component}_heartbeat")
    if state.get("status") != "healthy" or heartbeat is None:
        return False
    return started_at is None or datetime.fromisoformat(heartbeat) >= started_at


def _core(site: AirflowSite) -> dict[str, str]:
    return {
        "executor": "LocalExecutor",
        # Each is a forked process held ready; dispatch and monitor live in the triggerer, not here.
        "parallelism": "4",
        "dags_folder": str(site.repository / "dags"),
        "plugins_folder": str(site.repository / "plugins"),
        "load_examples": "False",
        "fernet_key": site.secrets.fernet_key,
        "execution_api_server_url": f"{site.url}/execution/",
        "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "simple_auth_manager_users": f"{ADMIN}:admin,{SERVICE}:viewer",
        "simple_auth_manager_passwords_file": str(_passwords_file(site)),
    }


def _dag_processor(site: AirflowSite) -> dict[str, str]:
    bundle = {
        "name": "outdial",
        "classpath": _BUNDLE,
        "kwargs": {"path": str(site.repository / "dags"), "refresh_interval": 5},
    }
    return {
        "dag_bundle_config_list": json.dumps([bundle]),
        "dag_bundle_storage_path": str(site.folder / "bundles"),
        "bundle_refresh_check_interval": "1",
        "refresh_interval": "5",
        "min_file_process_interval": "60",
    }


def _passwords_file(site: AirflowSite) -> Path:
    return site.folder / "passwords.json"
