"""Contact lists that the workflow imports: wherever universal-pathlib reaches, and where their rejects go."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from botocore.exceptions import BotoCoreError
from upath import UPath

from outdial.domain.errors import InvalidInput, Unavailable

_FOLDERS = {"", "file"}


@contextmanager
def fetched(url: str) -> Generator[Path]:
    """A copy of the list at `url` under its own name, for the length of a block.

    Raises InvalidInput where there is no such file, Unavailable where its storage does not answer.
    """
    with tempfile.TemporaryDirectory(prefix="outdial-import-") as folder:
        name = PurePosixPath(url.partition("?")[0]).name or "list"
        copy = Path(folder) / name
        try:
            with UPath(url).open("rb") as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
        except (FileNotFoundError, IsADirectoryError, ImportError, ValueError) as error:
            raise InvalidInput(f"{url} cannot be opened ({error}): give a path or a URL") from error
        except PermissionError as error:
            raise InvalidInput(f"the list {url} may not be read: {error}") from error
        except (OSError, BotoCoreError) as error:
            raise Unavailable(f"the list {url} does not come: {error}") from error
        yield copy


def keep_rejects(made: Path | None, storage_url: str, slug: str) -> str | None:
    """Put a rejects file below `imports/<slug>` of the storage; returns where, None where there is none."""
    if made is None:
        return None
    folder = UPath(storage_url) / "imports" / slug
    try:
        if folder.protocol in _FOLDERS:
            folder.mkdir(parents=True, exist_ok=True)
        target = folder / made.name
        with made.open("rb") as source, target.open("wb") as opened:
            shutil.copyfileobj(source, opened)
    except (OSError, BotoCoreError) as error:
        raise Unavailable(f"the rejects cannot be written to {folder}: {error}; check STORAGE_URL") from error
    return str(target)
