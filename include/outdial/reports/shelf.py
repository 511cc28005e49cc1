"""Where finished reports are put: a folder or a bucket, by `STORAGE_URL`."""

from __future__ import annotations

import hashlib
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError
from upath import UPath

from outdial.domain.errors import InvalidInput, Unavailable

_FOLDERS = {"", "file"}
_LONGEST_NAME = 120
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def report_folder(storage_url: str, slug: str, run_id: str | None, now: datetime) -> UPath:
    """`reports/<slug>/<run>` below `storage_url`: a run's report replaces the one it wrote before.

    Without a run the folder is named for the time. Raises InvalidInput where the kind of storage is unknown
    or its driver is not installed.
    """
    named = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}" if run_id is None else _folder_name(run_id)
    try:
        root = UPath(storage_url)
        # The driver of a kind of storage is imported at first use.
        root.fs  # noqa: B018 - reading it is the use
    except (ImportError, ValueError) as error:
        raise InvalidInput(
            f"STORAGE_URL {storage_url!r} cannot be opened ({error}); write file:///a/folder or s3://a-bucket"
        ) from error
    return root / "reports" / slug / named


def _folder_name(run_id: str) -> str:
    safe = _UNSAFE.sub("-", run_id)
    if len(safe) <= _LONGEST_NAME:
        return safe
    return f"{safe[:_LONGEST_NAME]}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"


def put_files(made: Path, folder: UPath) -> dict[str, str]:
    """Copy every file of `made` into `folder`; returns where each is now, by its name.

    Raises Unavailable where the storage refuses.
    """
    try:
        if folder.protocol in _FOLDERS:
            # Object stores need no folders, and a bucket that is missing is a person's to make.
            folder.mkdir(parents=True, exist_ok=True)
        return {file.name: _put(file, folder / file.name) for file in made.iterdir()}
    except (OSError, BotoCoreError) as error:
        raise Unavailable(
            f"the report cannot be written to {folder}: {error}; check STORAGE_URL and its permissions"
        ) from error


def _put(file: Path, target: UPath) -> str:
    with file.open("rb") as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return target.path if target.protocol in _FOLDERS else str(target)
