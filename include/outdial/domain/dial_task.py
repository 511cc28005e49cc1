"""The message that asks for one call: what dispatch puts on SQS and the dialer takes off."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9]\d{6,14}$")]


class DialTask(BaseModel):
    """One claim of one contact, valid until `not_after` and only while its claim stands."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    contact_id: UUID
    campaign_id: UUID
    phone_number: E164
    metadata: dict[str, Any] = Field(default_factory=dict)
    attempts: int = Field(ge=0)
    timestamp: AwareDatetime
    claim_id: UUID
    not_after: AwareDatetime | None = None
    version: Literal[1] = 1

    def to_json(self) -> str:
        """The SQS message body."""
        return self.model_dump_json(by_alias=True)
