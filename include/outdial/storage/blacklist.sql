-- lock_shared
-- Held by begin attempt: a listing waits for it, so that a call begun beside a listing is begun before it.
select pg_advisory_xact_lock_shared(%(lock)s)

-- lock
-- Held while a list changes: no attempt begins until the change is committed.
select pg_advisory_xact_lock(%(lock)s)

-- add
-- List numbers or prefixes; listing again renews reason, source and end.
insert into blacklist (number, is_prefix, campaign_id, reason, source, listed_by, listed_at, until)
select g.number, g.is_prefix, g.campaign_id, g.reason, g.source, g.listed_by, %(now)s, g.until
from jsonb_to_recordset(%(listings)s) as g (number text, is_prefix boolean, campaign_id uuid, reason text,
                                            source text, listed_by text, until timestamptz)
on conflict on constraint listed_once_per_scope do update
set reason = excluded.reason, source = excluded.source, listed_by = excluded.listed_by, until = excluded.until

-- sweep_numbers
-- Contacts with these numbers that stand ready or waiting leave their place and are marked.
with hit as (
    select c.id, c.campaign_id, c.area_id, c.seq
    from contacts c
    where c.phone = any(%(numbers)s) and is_listed(c.phone, c.campaign_id, %(now)s)
), unready as (
    delete from ready_contacts r using hit
    where r.campaign_id = hit.campaign_id and r.area_id = hit.area_id and r.seq = hit.seq
      and r.bucket between 0 and 24
    returning r.contact_id
), unwaiting as (
    delete from waiting_contacts w using hit where w.contact_id = hit.id returning w.contact_id
)
update contacts set status = 'blacklisted'
where id in (select contact_id from unready union all select contact_id from unwaiting)

-- remove
-- Take a number or prefix off one list.
delete from blacklist
where number = %(number)s and is_prefix = %(is_prefix)s and campaign_id is not distinct from %(campaign_id)s

-- is_listed
-- Whether a number may not be called, by the one rule.
select is_listed(%(number)s, %(campaign_id)s, %(now)s) as listed

-- read_all
-- The whole list, newest first.
select * from blacklist order by listed_at desc, id desc
