"""A model in a folder: `model.skops`, which runs no code when opened, and `model.json`, which says what.

Training writes it; scoring, promotion and people read it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from skops.io import dump, get_untrusted_types, load
from skops.io.exceptions import UntrustedTypesFoundException

from ml.attempts import HOURS, Attempts
from ml.columns import Segment, Unusable
from ml.features import BY_HOUR, STANDING, order_of
from ml.levels import Trait
from ml.logistic import SLOTS, Logistic
from ml.model import CallHourModel

FORMAT = 1
"""Raised whenever an older program would read a newer file wrongly."""
MODEL, METADATA = "model.skops", "model.json"
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]
"""What a model holds beyond numbers, text and what skops knows to be harmless."""
LIBRARIES = ("scikit-learn", "skops", "numpy", "scipy")


def describe(
    model: CallHourModel, attempts: Attempts, *, seed: int, trained_at: datetime, revision: str | None = None
) -> dict[str, Any]:
    """What a person or a program must know of a model without opening it: JSON."""
    return {
        "format": FORMAT,
        "trained_at": trained_at.astimezone(UTC).isoformat(timespec="seconds"),
        "seed": seed,
        "kind": "tables" if model.trees is None else "tables and trees",
        "attempts": len(attempts),
        "answers": int(attempts.answered.sum()),
        "contacts": len(attempts.contact_ids),
        "from": _date(attempts.local_day.min()),
        "until": _date(attempts.local_day.max()),
        "logged_share": _logged_share(attempts),
        "data_sha256": data_sha256(attempts),
        "traits": [{"name": trait.name, "levels": trait.size} for trait in model.traits],
        "dialled_hours": np.flatnonzero(model.dialled_hours).tolist(),
        "revision": revision,
        "libraries": {name: version(name) for name in LIBRARIES},
        "metrics": {},
    }


def data_sha256(attempts: Attempts) -> str:
    """The same for the same attempts, whatever file, format or order they came in."""
    rows = attempts.select(order_of(attempts))
    digest = hashlib.sha256("\n".join(rows.contact_ids.tolist()).encode())
    columns: list[NDArray[Any]] = [rows.contact, rows.attempted_at_s, rows.local_hour, rows.answered]
    if rows.propensity is not None:
        columns.append(rows.propensity)
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    for name, column in sorted({**rows.segments, "timezone": rows.zones}.items()):
        digest.update(_column_bytes(name, column))
    return digest.hexdigest()


def save_model(model: CallHourModel, metadata: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write both files; returns the metadata as written, with the model's checksum. Raises Unusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        dump(_as_plain(model), folder / MODEL)
        written = {**metadata, "model_sha256": _sha256_of(folder / MODEL)}
        (folder / METADATA).write_text(json.dumps(written, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise Unusable(f"{folder} cannot be written: {error.strerror}; name another with --out") from error
    return written


def load_model(folder: Path) -> tuple[CallHourModel, dict[str, Any]]:
    """The model and its metadata. Raises Unusable for anything missing, changed, newer or foreign."""
    metadata = _read_metadata(folder / METADATA)
    path = folder / MODEL
    if not path.is_file():
        raise Unusable(f"{path} does not exist: train a model into {folder}")
    if metadata.get("model_sha256") != _sha256_of(path):
        raise Unusable(f"{path} is not the file {METADATA} was written for: train it again")
    try:
        return _from_plain(_opened(path)), metadata
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Unusable(f"{path} is no call-hour model: train one again") from error


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise Unusable(f"{path} does not exist: name the folder a model was trained into") from error
    except (OSError, ValueError) as error:
        raise Unusable(f"{path} cannot be read as JSON: train the model again") from error
    if not isinstance(metadata, dict) or not isinstance(metadata.get("format"), int):
        raise Unusable(f"{path} does not describe a call-hour model")
    if metadata["format"] > FORMAT:
        raise Unusable(
            f"{path} is of format {metadata['format']}, this program reads up to {FORMAT}: update it"
        )
    _refuse_other_library(metadata, path)
    return metadata


def _refuse_other_library(metadata: Mapping[str, Any], path: Path) -> None:
    libraries = metadata.get("libraries")
    trained_with = libraries.get("scikit-learn") if isinstance(libraries, dict) else None
    ours = version("scikit-learn")
    if trained_with != ours:
        raise Unusable(f"{path} was trained with scikit-learn {trained_with}, this is {ours}: train it again")


def _opened(path: Path) -> dict[str, Any]:
    try:
        foreign = sorted(set(get_untrusted_types(file=path)) - set(TRUSTED))
        if foreign:
            raise Unusable(f"{path} holds {', '.join(foreign)}, which no model of ours does: do not use it")
        return load(path, trusted=TRUSTED)
    except UntrustedTypesFoundException as error:
        raise Unusable(f"{path} holds what no model of ours does: do not use it") from error
    except (BadZipFile, OSError, RuntimeError, ImportError) as error:
        raise Unusable(f"{path} cannot be opened as a model: train it again") from error


def _as_plain(model: CallHourModel) -> dict[str, Any]:
    return {
        "traits": [vars(trait) for trait in model.traits],
        "typical": _tables_as_plain(model.typical),
        "own": _tables_as_plain(model.own),
        "centre": model.centre,
        "spread": model.spread,
        "trees": model.trees,
        "dialled_hours": model.dialled_hours,
    }


def _tables_as_plain(tables: Logistic) -> dict[str, Any]:
    return {"base": tables.base, "tables": list(tables.tables), "slopes": tables.slopes}


def _from_plain(plain: dict[str, Any]) -> CallHourModel:
    traits = tuple(Trait(**trait) for trait in plain["traits"])
    trees = plain["trees"]
    model = CallHourModel(
        traits=traits,
        typical=_tables_from_plain(plain["typical"]),
        own=_tables_from_plain(plain["own"]),
        centre=plain["centre"],
        spread=plain["spread"],
        trees=trees,
        dialled_hours=plain["dialled_hours"],
    )
    numbers = (len(STANDING) + len(BY_HOUR),)
    shapes = [model.centre.shape, model.spread.shape, model.own.slopes.shape, model.dialled_hours.shape]
    if shapes != [numbers, numbers, numbers, (HOURS,)]:
        raise ValueError(shapes)
    if not isinstance(trees, HistGradientBoostingClassifier | None):
        raise TypeError(type(trees))
    return model


def _tables_from_plain(plain: dict[str, Any]) -> Logistic:
    tables = tuple(plain["tables"])
    if any(table.shape[1] != SLOTS for table in tables):
        raise ValueError("tables of another shape")
    return Logistic(float(plain["base"]), tables, plain["slopes"])


def _column_bytes(name: str, column: Segment) -> bytes:
    return "\n".join([name, *column.texts().tolist()]).encode() + column.codes.tobytes()


def _sha256_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _logged_share(attempts: Attempts) -> float:
    """The share of attempts whose hour was chosen with a logged probability: none, no evaluation."""
    return 0.0 if attempts.propensity is None else round(float(np.isfinite(attempts.propensity).mean()), 4)


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=int(day))).isoformat()
