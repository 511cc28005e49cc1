"""Reads the YAML or JSON files that people write: YAML holds JSON too."""

from __future__ import annotations

from pathlib import Path

import yaml

from outdial.domain.errors import InvalidInput


def read_input_file(path: Path) -> object:
    """The file's content. Raises InvalidInput with file, line and column where it cannot be read."""
    try:
        return yaml.safe_load(path.read_text("utf-8-sig"))
    except UnicodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text: save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidInput(f"{path}{place}: {error.problem or 'is not YAML or JSON'}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not YAML or JSON: {error}") from error
