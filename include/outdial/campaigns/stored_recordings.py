"""Puts people's messages into our storage: below `recordings/`, by campaign and call."""

from __future__ import annotations

from uuid import UUID

from botocore.exceptions import BotoCoreError
from upath import UPath

from outdial.domain.errors import InvalidInput, Unavailable

FOLDER = "recordings"
_FOLDERS = {"", "file"}


def write_recording(storage_url: str, folder: str, name: str, content: bytes) -> str:
    """Write one; returns where it is. Blocks: call it in a thread.

    Raises InvalidInput where the kind of storage is unknown, Unavailable where it refuses.
    """
    if not storage_url:
        raise InvalidInput("STORAGE_URL is not set")
    try:
        path = UPath(storage_url) / FOLDER / folder / name
        if path.protocol in _FOLDERS:
            # Object stores need no folders.
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except (ImportError, ValueError) as error:
        raise InvalidInput(f"STORAGE_URL {storage_url!r} cannot be opened ({error})") from error
    except (OSError, BotoCoreError) as error:
        raise Unavailable(f"{name} cannot be written below {storage_url}: {error}") from error
    return path.path if path.protocol in _FOLDERS else str(path)


def delete_recordings(storage_url: str, campaign_id: UUID, contact_id: UUID) -> int:
    """Delete what a contact said on its calls; returns how many recordings there were. Blocks.

    Raises Unavailable where the storage refuses.
    """
    folder = UPath(storage_url) / FOLDER / str(campaign_id)
    try:
        found = list(folder.glob(f"call-{campaign_id}-{contact_id}-*")) if folder.exists() else []
        for recording in found:
            recording.unlink()
    except (ImportError, ValueError, OSError, BotoCoreError) as error:
        raise Unavailable(f"recordings below {folder} cannot be deleted: {error}") from error
    return len(found)
