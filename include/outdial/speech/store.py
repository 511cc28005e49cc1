"""Speech kept in our storage, so that a text is made once for all processes: below `speech/`, by its hash.

Only texts that are the same for everybody are kept: nothing in it is about a person.
"""

from __future__ import annotations

from uuid import uuid4

from botocore.exceptions import BotoCoreError
from upath import UPath

from outdial.domain.errors import InvalidInput, Unavailable
from outdial.domain.ivr.sound import sound_problem

FOLDER = "speech"
MOST_BYTES = 1 << 30
"""Some three thousand texts of twenty seconds. Of more the oldest go, to be made again when asked for."""

_FOLDERS = {"", "file"}


def read_speech(storage_url: str, key: str) -> bytes | None:
    """The WAV of this key, where there is a whole one. Blocks; raises as `write_speech` does."""
    name = f"{key}.wav"
    try:
        content = (_folder(storage_url) / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, BotoCoreError) as error:
        raise Unavailable(f"speech cannot be read below {storage_url}: {error}") from error
    return None if sound_problem(name, content) else content


def write_speech(storage_url: str, key: str, wav: bytes, most_bytes: int = MOST_BYTES) -> None:
    """Keep a WAV under its key. Blocks: call it in a thread.

    Raises InvalidInput where the kind of storage is unknown, Unavailable where it refuses.
    """
    folder = _folder(storage_url)
    try:
        if folder.protocol in _FOLDERS:
            # Object stores need no folders, and never show half an object.
            folder.mkdir(parents=True, exist_ok=True)
            half = folder / f".{uuid4().hex}"
            half.write_bytes(wav)
            half.rename(folder / f"{key}.wav")
        else:
            (folder / f"{key}.wav").write_bytes(wav)
        _make_room(folder, most_bytes)
    except (OSError, BotoCoreError) as error:
        raise Unavailable(f"speech cannot be kept below {storage_url}: {error}") from error


def _make_room(folder: UPath, most_bytes: int) -> None:
    found = [
        (_age_of(entry), entry["size"], entry["name"])
        for entry in folder.fs.ls(folder.path, detail=True, refresh=True)
        if entry["type"] == "file"
    ]
    held = sum(size for _, size, _ in found)
    if held <= most_bytes:
        return
    for _, size, name in sorted(found):
        folder.fs.rm_file(name)
        held -= size
        if held <= most_bytes // 2:
            return


def _age_of(entry: dict[str, object]) -> str:
    """Sorts oldest first: a folder's `mtime` are seconds, a bucket's `LastModified` a moment."""
    written = entry.get("mtime", entry.get("LastModified", ""))
    return f"{written:020.6f}" if isinstance(written, float) else str(written)


def _folder(storage_url: str) -> UPath:
    try:
        return UPath(storage_url) / FOLDER
    except (ImportError, ValueError) as error:
        raise InvalidInput(f"STORAGE_URL {storage_url!r} cannot be opened ({error})") from error
