"""What can go wrong, sorted by who can do something about it."""

from __future__ import annotations


class OutdialError(Exception):
    """Base of every error Outdial raises on purpose; its text is one sentence for a person."""


class InvalidInput(OutdialError):
    """A person must change what they gave us."""

    def __init__(self, *problems: str) -> None:
        """`problems` each name a place (file, row, field), what is wrong there and what to do."""
        super().__init__("; ".join(problems))
        self.problems = problems


class Unavailable(OutdialError):
    """Something we depend on does not answer now; trying later may work."""


class Broken(OutdialError):
    """Our own mistake: a state that must not exist."""
