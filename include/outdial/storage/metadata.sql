-- fields_known
-- Of these fields, the ones that some contact of the campaign has a value for.
select f.field
from unnest(%(fields)b::text[]) f (field)
where exists (
    select from contacts c
    where c.campaign_id = %(campaign_id)s and coalesce(btrim(c.metadata ->> f.field), '') <> ''
)
