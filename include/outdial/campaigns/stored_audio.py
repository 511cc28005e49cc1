"""Audio in our storage: below `audio/` of a folder or bucket, by the names that flows give it."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError
from upath import UPath

from outdial.domain.errors import InvalidInput, Unavailable

FOLDER = "audio"
LARGEST_BYTES = 32 << 20
"""Half an hour of the WAV that Asterisk plays."""


def read_stored_audio(storage_url: str, name: str) -> bytes:
    """The object's bytes. Blocks: call it in a thread.

    Raises InvalidInput where there is none or it is too large, Unavailable where the storage does not answer.
    """
    path = _path(storage_url, name)
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InvalidInput(
                f"has {size >> 20} MB, and {LARGEST_BYTES >> 20} is the most; split or shorten it"
            )
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise InvalidInput(f"is not there; put it at {path}") from error
    except (OSError, BotoCoreError) as error:
        raise Unavailable(f"cannot be read from {path}: {error}; check STORAGE_URL") from error


def version_of(storage_url: str, name: str) -> str:
    """A text that changes with the object. Blocks; raises as `read_stored_audio` does."""
    path = _path(storage_url, name)
    try:
        return str(path.fs.ukey(path.path))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise InvalidInput(f"is not there; put it at {path}") from error
    except (OSError, BotoCoreError) as error:
        raise Unavailable(f"cannot be read from {path}: {error}; check STORAGE_URL") from error


def _path(storage_url: str, name: str) -> UPath:
    if not storage_url:
        raise InvalidInput("cannot be looked for: set STORAGE_URL")
    try:
        return UPath(storage_url) / FOLDER / name
    except (ImportError, ValueError) as error:
        raise InvalidInput(
            f"cannot be looked for: STORAGE_URL {storage_url!r} ({error}); write file:///a/folder or s3://bucket"
        ) from error
