"""Columns of CSV and Parquet files as numpy arrays, or one sentence on what is wrong with them.

`ml.attempts` reads histories and contact lists through it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray
from pyarrow import csv, parquet

pc: Any = pyarrow.compute
"""Most of its functions are made when it is imported, where type checkers cannot see them."""
MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"]
"""What people and tools write into CSV where they know nothing."""
YES = ["true", "1", "1.0", "t", "yes", "y"]
NO = ["false", "0", "0.0", "f", "no", "n"]
WITH_OFFSET = r"(Z|z|[+-]\d\d:?\d\d)$"


class Unusable(Exception):
    """A file a person must change; its text is one sentence with file, row, field and what to do."""


@dataclass(frozen=True)
class Segment:
    """One column of people's traits: `codes` (n,) point into `values`, sorted and distinct; -1 is unknown.

    `values` are float64 for a column of numbers, else str.
    """

    codes: NDArray[np.int32]
    values: NDArray[Any]

    @property
    def of_numbers(self) -> bool:
        """Whether the values are numbers, so that more and less mean something."""
        return self.values.dtype.kind == "f"

    def texts(self) -> NDArray[np.str_]:
        """The values as text; 3, 3.0 and "3" are the same."""
        return np.array([_as_text(value) for value in self.values.tolist()], dtype=np.str_)

    def select(self, rows: NDArray[Any] | slice) -> Segment:
        """The same column with these rows only (a mask, indices or a slice)."""
        return Segment(self.codes[rows], self.values)


def segment_of(values: NDArray[Any]) -> Segment:
    """A segment from plain values: floats (NaN unknown), or text ("" unknown)."""
    if values.dtype.kind not in "biuf":
        return _segment_of_texts(pa.array(values, pa.string()))
    distinct, codes = np.unique(values.astype(np.float64), return_inverse=True)
    return _known(distinct, codes, ~np.isnan(distinct))


def _segment_of_texts(column: pa.Array) -> Segment:
    """Texts are told apart before they are sorted: a million ids are a few thousand people."""
    encoded = column.dictionary_encode()
    distinct, renumbered = np.unique(
        np.array(encoded.dictionary.to_pylist(), dtype=np.str_), return_inverse=True
    )
    return _known(distinct, renumbered[encoded.indices.to_numpy()], distinct != "")


def _known(distinct: NDArray[Any], codes: NDArray[np.intp], known: NDArray[np.bool_]) -> Segment:
    renumbered = np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)
    return Segment(renumbered[codes], distinct[known])


def read_table(path: Path) -> pa.Table:
    """The file's rows; every CSV field as text, null where nothing is known."""
    try:
        return parquet.read_table(path) if is_parquet(path) else _read_csv(path)
    except FileNotFoundError as error:
        raise Unusable(f"{path} does not exist: name a CSV or Parquet file") from error
    except (OSError, pa.ArrowException) as error:
        raise Unusable(f"{path} cannot be read as {_format(path)}: {_one_line(error)}") from error


def write_table(table: pa.Table, path: Path) -> None:
    """Write rows as CSV, or as Parquet where the name ends so. Raises Unusable where it cannot be written."""
    try:
        if is_parquet(path):
            parquet.write_table(table, path)
        else:
            csv.write_csv(table, path)
    except OSError as error:
        raise Unusable(f"{path} cannot be written: {error.strerror or _one_line(error)}") from error


def is_parquet(path: Path) -> bool:
    """Whether the name says Parquet; everything else is CSV."""
    return path.suffix.lower() in {".parquet", ".pq"}


def required(table: pa.Table, name: str, path: Path) -> pa.ChunkedArray:
    """A column that must be there and known in every row."""
    if name not in table.column_names:
        raise Unusable(f"{path} has no column {name}: add it (it has {', '.join(table.column_names)})")
    column = _unwrapped(table.column(name))
    refuse_rows(column.is_null(), path, name, "is empty: fill it in or leave the row out")
    return column


def refuse_rows(bad: pa.ChunkedArray, path: Path, name: str, problem: str) -> None:
    """Raise Unusable for the first row that is bad; rows are counted as an editor counts a file's lines."""
    first = pc.index(bad, value=True).as_py()
    if first >= 0:
        row = f"row {first + 1}" if is_parquet(path) else f"line {first + 2}"
        raise Unusable(f"{path}, {row}: {name} {problem}")


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text; numbers without a needless .0, so that 7, 7.0 and "7" are one id."""
    if pa.types.is_floating(column.type):
        whole = pc.all(pc.and_(pc.is_finite(column), pc.equal(pc.floor(column), column))).as_py()
        column = column.cast(pa.int64()) if whole else column
    return pc.utf8_trim_whitespace(column.cast(pa.string()))


def moments_s(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.int64]:
    """UTC seconds from timestamps, or from ISO 8601 text that is UTC unless it carries an offset."""
    if not pa.types.is_timestamp(column.type):
        column = _parsed_moments(texts(column), path, name)
    unzoned = pa.timestamp(column.type.unit)
    return _numpy(column.cast(unzoned).cast(pa.timestamp("s"), safe=False).cast(pa.int64()))


def _parsed_moments(column: pa.ChunkedArray, path: Path, name: str) -> pa.ChunkedArray:
    zoned = pc.if_else(
        pc.match_substring_regex(column, WITH_OFFSET), column, pc.binary_join_element_wise(column, "Z", "")
    )
    try:
        return zoned.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        bad = pa.array([not _is_moment(text) for text in zoned.to_pylist()])
        refuse_rows(bad, path, name, "is no ISO 8601 moment: write it like 2026-03-01T14:05:00Z")
        raise


def _is_moment(text: str) -> bool:
    try:
        pa.array([text]).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return False
    return True


def truths(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.bool_]:
    """Yes or no, from booleans, 0 and 1, or the usual words."""
    if not pa.types.is_boolean(column.type):
        words = pc.utf8_lower(texts(column))
        yes = pc.is_in(words, pa.array(YES))
        refuse_rows(pc.invert(pc.or_(yes, pc.is_in(words, pa.array(NO)))), path, name, "is neither 0 nor 1")
        column = yes
    return _numpy(column)


def shares(column: pa.ChunkedArray, path: Path, name: str) -> NDArray[np.float64]:
    """Probabilities above 0 and up to 1; NaN where unknown."""
    problem = "is no probability above 0 and up to 1"
    column = _unwrapped(column)
    numbers = _numbers(column)
    if numbers is None:
        refuse_rows(pc.invert(pc.is_in(column, _numeric_texts(column))), path, name, problem)
        raise Unusable(f"{path}: {name} {problem}")
    refuse_rows(pc.or_(pc.less_equal(numbers, 0), pc.greater(numbers, 1)), path, name, problem)
    return _numpy(numbers.fill_null(float("nan")))


def segment(column: pa.ChunkedArray) -> Segment:
    """A column of traits: of numbers where every known value is one, else of text."""
    column = _unwrapped(column)
    numbers = _numbers(column)
    if numbers is not None:
        return segment_of(_numpy(numbers.fill_null(float("nan"))))
    return _segment_of_texts(pa.concat_arrays(texts(column).fill_null("").chunks))


def _numbers(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not (
        pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or _is_number(column.type)
    ):
        return None
    try:
        numbers = column.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        return None
    return pc.if_else(pc.is_finite(numbers), numbers, None)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _numeric_texts(column: pa.ChunkedArray) -> pa.Array:
    return pa.array([text for text in column.unique().to_pylist() if _reads_as_number(text)], column.type)


def _reads_as_number(text: str | None) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _unwrapped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Plain values for dictionary columns, and null for text that says nothing."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return pc.if_else(pc.is_in(column, pa.array(MISSING, column.type)), None, column)
    return column


def _read_csv(path: Path) -> pa.Table:
    with csv.open_csv(path) as opened:
        names = opened.schema.names
    return csv.read_csv(
        path,
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=MISSING
        ),
        parse_options=csv.ParseOptions(newlines_in_values=True),
    )


def _numpy(column: pa.ChunkedArray) -> NDArray[Any]:
    return column.combine_chunks().to_numpy(zero_copy_only=False)


def _as_text(value: float | str) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _format(path: Path) -> str:
    return "Parquet" if is_parquet(path) else "CSV"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
