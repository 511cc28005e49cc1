-- lock_shared
-- Held by begin attempt: a listing waits for it, so that a call begun beside a listing is begun before it.
select pg_advisory_xact_lock_shared(%(lock)s)

-- lock
-- Held when a list has changed and is about to be committed, or while one change follows another.
select pg_advisory_xact_lock(%(lock)s)

-- given
-- What is to be listed. The numbers of people whose data was erased stay out: they are listed for good
-- without being written down.
with given as (
    select distinct on (g.number, g.is_prefix, g.campaign_id, g.registry) g.*
    from jsonb_to_recordset(%(listings)s) as g (
        number text, is_prefix boolean, campaign_id uuid, registry text, reason text, source text,
        listed_by text, until timestamptz)
    where g.is_prefix or not exists (select from erased_numbers e where e.digest = number_digest(g.number))
    order by g.number, g.is_prefix, g.campaign_id, g.registry
)

-- list_given
-- List what is given, and write down that it was. Listing again renews reason, source and end, but never
-- brings the end nearer.
, listed as (
    insert into blacklist as b
        (number, is_prefix, campaign_id, registry, reason, source, listed_by, listed_at, until)
    select g.number, g.is_prefix, g.campaign_id, g.registry, g.reason, g.source, g.listed_by, %(now)s, g.until
    from given g
    on conflict on constraint listed_once_per_scope do update
    set reason = excluded.reason, source = excluded.source, listed_by = excluded.listed_by,
        until = excluded.until,
        listed_at = case when b.until <= %(now)s then excluded.listed_at else b.listed_at end
    where excluded.until is null or excluded.until >= b.until
    returning b.*, b.xmax = 0 as is_new
), recorded as (
    insert into blacklist_history
        (at, action, number, is_prefix, campaign_id, registry, reason, source, by_whom, until)
    select %(now)s, case when is_new then 'listed' else 'renewed' end, number, is_prefix, campaign_id,
           registry, reason, source, listed_by, until
    from listed
)
select number, is_prefix, until, is_new from listed

-- remove
-- Take numbers or prefixes off one list.
with gone as (
    delete from blacklist
    where number = any(%(numbers)s) and is_prefix = %(is_prefix)s
      and campaign_id is not distinct from %(campaign_id)s and registry is not distinct from %(registry)s
    returning *
), recorded as (
    insert into blacklist_history
        (at, action, number, is_prefix, campaign_id, registry, reason, source, by_whom)
    select %(now)s, 'unlisted', number, is_prefix, campaign_id, registry, %(reason)s, %(source)s, %(by_whom)s
    from gone
)
select number, until from gone

-- hold_filling
-- One process at a time fills the cache.
select pg_try_advisory_xact_lock(%(lock)s) as held

-- tell_dialers
-- At commit, dialers look at once which of their ringing calls are listed.
select pg_notify(%(channel)s, '')

-- is_listed
-- Whether a number may not be called, by the one rule.
select is_listed(%(number)s, %(campaign_id)s, %(now)s) as listed

-- listed_until
-- Whether a number may not be called, and until when, null being for good.
select listing.until is not null as listed, nullif(listing.until, 'infinity') as until
from listed_until(%(number)s, %(campaign_id)s, %(now)s) as listing (until)

-- listed_calls
-- Those of some calls in progress whose numbers are listed by now.
select l.call_id
from live_calls l
where l.call_id = any(%(call_ids)s) and is_listed(l.phone, l.campaign_id, %(now)s)

-- entries_of
-- Every entry in force that speaks of one number, whether it holds in one campaign or another.
select b.number, b.is_prefix, b.campaign_id, c.slug as campaign, b.registry, b.reason, b.source,
       b.listed_by, b.listed_at, b.until
from blacklist b
left join campaigns c on c.id = b.campaign_id
where ((b.number = %(number)s and not b.is_prefix)
       or (b.is_prefix and b.number = any(%(prefixes)s)))
  and (b.until is null or b.until > %(now)s)
order by b.listed_at, b.id

-- read_lists
-- A list, or all of them, oldest entry first; streamed, for a list may be long.
select b.number, b.is_prefix, b.campaign_id, c.slug as campaign, b.registry, b.reason, b.source,
       b.listed_by, b.listed_at, b.until
from blacklist b
left join campaigns c on c.id = b.campaign_id
where (%(campaign_id)s::uuid is null or b.campaign_id = %(campaign_id)s)
  and (%(registry)s::text is null or b.registry = %(registry)s)
order by b.id

-- read_newest
-- The newest entries of all lists but the registries', which others keep.
select b.number, b.is_prefix, b.campaign_id, c.slug as campaign, b.registry, b.reason, b.source,
       b.listed_by, b.listed_at, b.until
from blacklist b
left join campaigns c on c.id = b.campaign_id
where b.registry is null and (%(campaign_id)s::uuid is null or b.campaign_id = %(campaign_id)s)
order by b.listed_at desc, b.id desc
limit %(n)s

-- history
-- What was done to the lists about one number, or about prefixes it falls under.
select h.at, h.action, h.number, h.is_prefix, h.campaign_id, c.slug as campaign, h.registry, h.reason,
       h.source, h.by_whom, h.until
from blacklist_history h
left join campaigns c on c.id = h.campaign_id
where (h.number = %(number)s and not h.is_prefix) or (h.is_prefix and h.number = any(%(prefixes)s))
order by h.at, h.id

-- lasting
-- Every entry without an end, for the cache.
select number, is_prefix, campaign_id, registry from blacklist where until is null
