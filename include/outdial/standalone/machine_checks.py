"""The doctor's look at this machine: Python, disk, programs, ports."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from outdial.domain.errors import Unavailable
from outdial.standalone.findings import Check, Finding
from outdial.standalone.home import Home, is_held
from outdial.standalone.ports import is_port_free
from outdial.standalone.postgres import postgres_binary
from outdial.standalone.valkey import valkey_binary

_PYTHONS = ((3, 11), (3, 14))
_ENOUGH_DISK_GB = 2
_SETUP = "Run `make setup`."


def machine_checks(home: Home) -> list[Check]:
    """Checks that need no network."""

    async def postgres() -> Finding:
        return Finding("PostgreSQL program", await _version_of(postgres_binary("postgres"), "--version"))

    async def valkey() -> Finding:
        return Finding("Valkey program", await _version_of(valkey_binary(), "--version"))

    return [
        Check("Python", _python, "Use Python 3.11, 3.12 or 3.13."),
        Check("disk", _looking_at(_disk, home), "Free some space."),
        Check("PostgreSQL program", postgres, _SETUP),
        Check("Valkey program", valkey, _SETUP),
        Check("SQS and SNS program", _package("SQS and SNS program", "moto"), _SETUP),
        Check("Airflow program", _package("Airflow program", "apache-airflow"), _SETUP),
        Check("ports", _looking_at(_ports, home), "Run `outdial standalone start`; it takes free ones."),
    ]


async def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    low, high = _PYTHONS
    fits = low <= sys.version_info[:2] < high
    return Finding("Python", found, "" if fits else "Use Python 3.11, 3.12 or 3.13.")


def _looking_at(look: Callable[[Home], Finding], home: Home) -> Callable[[], Awaitable[Finding]]:
    async def looked() -> Finding:
        return await asyncio.to_thread(look, home)

    return looked


def _disk(home: Home) -> Finding:
    folder = next(path for path in (home.path, *home.path.parents) if path.exists())
    free_gb = shutil.disk_usage(folder).free / 1e9
    fix = "" if free_gb >= _ENOUGH_DISK_GB else f"Free {_ENOUGH_DISK_GB} GB on the disk of {folder}."
    return Finding("disk", f"{free_gb:.1f} GB free for {folder}", fix)


def _ports(home: Home) -> Finding:
    if is_held(home):
        return Finding("ports", "in use by the running stack")
    file = home.path / "ports.json"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    taken = [f"{port} ({name})" for name, port in ports.items() if not is_port_free(port)]
    if taken:
        # Not a failure: the next start takes others, but bookmarks to the old ones will not work.
        return Finding("ports", f"others took {', '.join(taken)}; the next start takes new ones")
    return Finding("ports", "free")


def _package(name: str, package: str) -> Callable[[], Awaitable[Finding]]:
    async def look() -> Finding:
        try:
            return Finding(name, f"{package} {version(package)}")
        except PackageNotFoundError:
            raise Unavailable(f"{package} is not installed.") from None

    return look


async def _version_of(program: Path, flag: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(program), flag, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    text = output.decode(errors="replace").strip()
    if process.returncode != 0:
        raise Unavailable(f"{program} does not run: {text}")
    return text
