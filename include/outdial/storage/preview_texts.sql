-- counts
-- Who is still to be texted, in a campaign that begins with calls all who may be; and landlines, which take no
-- texts: called instead, or reached by nothing.
select count(*) filter (where is_unfinished and (channel = 'sms' or %(after_calls)s) and line_type <> 'landline')
           as contacts,
       count(*) filter (where is_unfinished and channel = 'voice' and line_type = 'landline' and not %(after_calls)s)
           as landlines_called,
       count(*) filter (where line_type = 'landline' and failure_reason = 'landline') as landlines_unreachable
from contacts c
cross join lateral (
    values (c.status = 'pending' or (c.status = 'failed' and c.failure_reason is null))
) u (is_unfinished)
where c.campaign_id = %(campaign_id)s

-- lacking
-- Of those to be texted, how many have no value for a field; the row without a field is who lacks any of them.
with lacks as (
    select array(
        select f.field from unnest(%(fields)b::text[]) f (field)
        where coalesce(btrim(c.metadata ->> f.field), '') = ''
           or jsonb_typeof(c.metadata -> f.field) in ('boolean', 'object', 'array')
    ) as fields
    from contacts c
    where c.campaign_id = %(campaign_id)s and (c.channel = 'sms' or %(after_calls)s)
      and (c.status = 'pending' or (c.status = 'failed' and c.failure_reason is null))
      and c.line_type <> 'landline'
), counted as materialized (
    select fields, count(*) as contacts from lacks where fields <> '{}' group by fields
)
select f.field, sum(s.contacts)::bigint as contacts from counted s cross join unnest(s.fields) f (field) group by f.field
union all
select null, coalesce(sum(contacts), 0)::bigint from counted
order by 1

-- sample
-- What is known of some of those to be texted, taken evenly and the same whenever it is asked.
select c.metadata
from contacts c
where c.campaign_id = %(campaign_id)s and (c.channel = 'sms' or %(after_calls)s)
  and (c.status = 'pending' or (c.status = 'failed' and c.failure_reason is null))
  and c.line_type <> 'landline'
order by hashtextextended(c.id::text, 0)
limit %(n)s

-- extremes
-- What is known of those with the longest value of each field, the longest in other characters than GSM-7 has,
-- and the longest of all fields together.
with longest as (
    select max(lpad(length(v.value)::text, 6, '0') || c.id::text) as plain,
           -- Only what has more than ASCII is looked at letter by letter.
           max(lpad(length(v.value)::text, 6, '0') || c.id::text) filter (
               where octet_length(v.value) > length(v.value) and translate(v.value, %(gsm)s, '') <> '') as other
    from contacts c
    cross join unnest(%(fields)b::text[]) f (field)
    cross join lateral (select c.metadata ->> f.field as value) v
    where c.campaign_id = %(campaign_id)s and (c.channel = 'sms' or %(after_calls)s)
      and (c.status = 'pending' or (c.status = 'failed' and c.failure_reason is null))
      and c.line_type <> 'landline'
    group by f.field
), together as (
    select c.id
    from contacts c
    where c.campaign_id = %(campaign_id)s and (c.channel = 'sms' or %(after_calls)s)
      and (c.status = 'pending' or (c.status = 'failed' and c.failure_reason is null))
      and c.line_type <> 'landline'
    order by (select sum(length(c.metadata ->> f.field)) from unnest(%(fields)b::text[]) f (field)) desc nulls last
    limit 5
)
select c.metadata
from contacts c
where c.id in (
    select substr(plain, 7)::uuid from longest where plain is not null
    union select substr(other, 7)::uuid from longest where other is not null
    union select id from together)

-- carrier
-- The carrier of this name, or the one of campaigns that name none, as a gateway opened it last.
select name, parts_per_second, seen_at
from carriers
where name = %(name)s or %(name)s::text is null
order by rank, seen_at desc
limit 1
