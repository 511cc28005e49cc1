"""A text that somebody asked for on a call, as the dialer asks the gateway for it."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class RequestedText(BaseModel):
    """One key pressed, one text: `request_id` names the press, however often the request is delivered.

    `parameters` are those of the flow's action; its `text` is a template, and without one the campaign's is
    meant. `metadata` is what was known of the contact when the call began.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    event: Literal["sms.requested"]
    request_id: str = Field(min_length=1, max_length=300)
    campaign_id: UUID
    contact_id: UUID
    metadata: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    timestamp: AwareDatetime

    @property
    def template(self) -> str | None:
        """The template the action gives."""
        for name in ("text", "smsTemplate"):
            if isinstance(written := self.parameters.get(name), str) and written.strip():
                return written
        return None
