"""Airflow as its DAG processor uses it: no server, no database, and specs in a folder of the test's own."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.airflow_home import use_own_airflow_home

use_own_airflow_home()

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture(autouse=True)
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of rendered specs, empty."""
    monkeypatch.setenv("OUTDIAL_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "campaign_specs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt to reach another process fails."""

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise OSError("the network is down")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """A copy of `dags/`, whose dates a bundle may change."""
    return Path(shutil.copytree(DAGS, tmp_path / "dags"))


@pytest.fixture
def outdial_database(database_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of the test's own, which the settings name."""
    parts = urlsplit(database_dsn)
    monkeypatch.setenv("DB_HOST", str(parts.hostname))
    monkeypatch.setenv("DB_PORT", str(parts.port))
    monkeypatch.setenv("DB_NAME", parts.path.removeprefix("/"))
    monkeypatch.setenv("DB_USER", str(parts.username))
    monkeypatch.setenv("DB_PASSWORD", str(parts.password))
    return database_dsn
