"""Whether the fields that texts name are known of the campaign's contacts."""

from __future__ import annotations

from uuid import UUID

from outdial.domain.ivr_flow import IvrFlow
from outdial.domain.ivr_speech import written_texts
from outdial.domain.templates import slots_of
from outdial.storage.metadata import fields_known
from outdial.storage.pool import Connection


async def missing_field_problems(conn: Connection, campaign_id: UUID, flow: IvrFlow) -> list[str]:
    """One sentence for each text that names a field which no contact has, and gives no default for it."""
    wanted = [
        (text, slot.field)
        for text in written_texts(flow)
        for slot in slots_of(text.text)
        if slot.default is None
    ]
    known = await fields_known(conn, campaign_id, (field for _, field in wanted)) if wanted else set[str]()
    return [
        f'{text.place} names "{field}", which no contact has; correct the name, import the field, '
        f"or write {{{{{field}|what is said instead}}}}"
        for text, field in wanted
        if field not in known
    ]
