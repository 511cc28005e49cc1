"""One warning of a preview."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Warn(BaseModel):
    """One thing that is wrong, and what to do about it."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    about: str
    text: str
    action: str
