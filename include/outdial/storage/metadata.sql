-- fields_known
-- Of these fields, the ones that some contact of the campaign has a value for.
select f.field
from unnest(%(fields)b::text[]) f (field)
where exists (
    select from contacts c
    where c.campaign_id = %(campaign_id)s and coalesce(btrim(c.metadata ->> f.field), '') <> ''
)

-- fields_seen
-- The fields of a few contacts: a list has the same columns for all.
select distinct f.field
from (select metadata from contacts where campaign_id = %(campaign_id)s limit 200) c
cross join lateral jsonb_object_keys(c.metadata) f (field)

-- count_lacking
-- How many contacts of the campaign have no value for each of these fields; fields that all have are left out.
select f.field, count(*) as contacts
from contacts c
cross join unnest(%(fields)b::text[]) f (field)
where c.campaign_id = %(campaign_id)s and coalesce(btrim(c.metadata ->> f.field), '') = ''
group by f.field
