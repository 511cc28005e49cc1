"""Which errors are somebody's to fix, and the one line each gets instead of a traceback."""

from __future__ import annotations

from outdial.domain.errors import InvalidInput, OutdialError


def problems_of(error: BaseException) -> list[str] | None:
    """One sentence for each thing that is wrong, or None for an error that only a developer can fix."""
    match error:
        case BaseExceptionGroup():
            return _problems_of_group(error)
        case InvalidInput():
            return list(error.problems)
        case OutdialError():
            return [_one_line(str(error))]
        case OSError():
            return [_about_the_system(error)]
        case _:
            return None


def _problems_of_group(group: BaseExceptionGroup[BaseException]) -> list[str] | None:
    found: list[str] = []
    for error in group.exceptions:
        problems = problems_of(error)
        if problems is None:
            return None
        found += problems
    return list(dict.fromkeys(found))


def _about_the_system(error: OSError) -> str:
    what = error.strerror or _one_line(str(error)) or type(error).__name__
    return f"{error.filename}: {what}" if error.filename else what


def _one_line(text: str) -> str:
    return " ".join(text.split())
