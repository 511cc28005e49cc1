"""Whether the fields that texts name are known of the campaign's contacts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from outdial.domain.ivr.flow import IvrFlow
from outdial.domain.ivr.speech import WrittenText, written_texts
from outdial.domain.templates import slots_of
from outdial.storage.metadata import count_lacking, fields_known
from outdial.storage.pool import Connection


@dataclass(frozen=True)
class LackingField:
    """A text that some contacts do not hear, for want of a field; `place` names the text."""

    place: str
    field: str
    contacts: int
    has_audio_instead: bool


async def missing_field_problems(conn: Connection, campaign_id: UUID, flow: IvrFlow) -> list[str]:
    """One sentence for each text that names a field which no contact has, and gives no default for it."""
    wanted = _wanted(flow)
    known = await fields_known(conn, campaign_id, (field for _, field in wanted)) if wanted else set[str]()
    return [
        f'{text.place} names "{field}", which no contact has; correct the name, import the field, '
        f"or write {{{{{field}|what is said instead}}}}"
        for text, field in wanted
        if field not in known
    ]


async def lacking_fields(conn: Connection, campaign_id: UUID, flow: IvrFlow) -> list[LackingField]:
    """For each text with a field that has no default: how many contacts have no such field, where any."""
    wanted = _wanted(flow)
    lacking = await count_lacking(conn, campaign_id, (field for _, field in wanted)) if wanted else {}
    return [
        LackingField(text.place, field, lacking[field], text.instead is not None)
        for text, field in wanted
        if field in lacking
    ]


def _wanted(flow: IvrFlow) -> list[tuple[WrittenText, str]]:
    return [
        (text, slot.field)
        for text in written_texts(flow)
        for slot in slots_of(text.text)
        if slot.default is None
    ]
