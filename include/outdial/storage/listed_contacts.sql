-- sweep
-- Contacts with these numbers that stand ready, or wait, and are listed: those listed for good are marked and
-- leave their place, those whose listing ends wait until then. One that waits for anything else is judged
-- when its time comes. What somebody else holds at this moment is left to the claim, which asks again.
with listed as materialized (
    select c.id, c.campaign_id, c.area_id, c.seq, listing.until
    from contacts c
    cross join lateral listed_until(c.phone, c.campaign_id, %(now)s) as listing (until)
    where c.phone = any(%(numbers)s) and listing.until is not null
), standing as (
    select r.ctid as place, l.until
    from listed l
    join ready_contacts r on r.campaign_id = l.campaign_id and r.area_id = l.area_id and r.seq = l.seq
     and r.channel = any('{voice,sms}')
     and r.bucket = any('{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24}')
    join contacts c on c.id = l.id
    for update of r, c skip locked
), unready as (
    delete from ready_contacts r using standing s where r.ctid = s.place returning r.*, s.until
), made_to_wait as (
    insert into waiting_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone, due_at)
    select campaign_id, channel, area_id, bucket, seq, contact_id, phone, until from unready where isfinite(until)
    returning contact_id
), waiting as (
    select w.contact_id
    from listed l
    join waiting_contacts w on w.contact_id = l.id
    join contacts c on c.id = l.id
    where not isfinite(l.until)
    for update of w, c skip locked
), unwaiting as (
    delete from waiting_contacts w using waiting where w.contact_id = waiting.contact_id
    returning w.contact_id
), marked as (
    update contacts set status = 'blacklisted', failure_reason = null
    where id in (select contact_id from unready where not isfinite(until)
                 union all select contact_id from unwaiting)
    returning id
)
select (select count(*) from marked) as marked, (select count(*) from made_to_wait) as made_to_wait

-- standing_under_prefix
-- Numbers under a prefix that stand ready or wait, to be swept.
select phone from ready_contacts where starts_with(phone, %(prefix)s)
union
select phone from waiting_contacts where starts_with(phone, %(prefix)s)

-- kept_by_prefix
-- Numbers under a prefix whose contacts are marked, or wait for this end of a listing.
select c.phone
from contacts c
left join waiting_contacts w on w.contact_id = c.id
where starts_with(c.phone, %(prefix)s) and (c.status = 'blacklisted' or w.due_at = %(until)s)

-- kept_back
-- Contacts that listings alone keep from being called, or no more than a listing that ends: their numbers
-- are among these, and their campaigns not over. With what says when they may be called again.
select c.id as contact_id, c.attempts, c.originates, c.max_attempts, p.config, p.end_time, a.zones, a.regions,
       r.disposition, r.ended_at, listing.until as listed_until
from contacts c
join campaigns p on p.id = c.campaign_id
join areas a on a.id = c.area_id
left join waiting_contacts w on w.contact_id = c.id
left join call_records r on r.contact_id = c.id and r.attempt_no = c.originates
cross join lateral listed_until(c.phone, c.campaign_id, %(now)s) as listing (until)
where c.phone = any(%(numbers)s)
  and p.status not in ('completed', 'cancelled')
  and (c.status = 'blacklisted' or w.due_at = any(%(untils)s))
  and listing.until is distinct from 'infinity'
order by c.id
for update of c

-- bring_back
-- Contacts that may be called again: from now, from a due time, or never, where their attempts are used up.
with given as (
    select g.contact_id, g.due_at from unnest(%(contact_ids)s::uuid[], %(due_ats)s::timestamptz[])
        as g (contact_id, due_at)
), unmarked as (
    update contacts c
    set status = case when c.originates = 0 then 'pending' else 'failed' end,
        failure_reason = case when c.attempts >= c.max_attempts then 'attempts_exhausted' end
    from given g
    where c.id = g.contact_id and c.status = 'blacklisted'
    returning c.*, g.due_at
), back as (
    insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
    select campaign_id, channel, area_id, coalesce(planned_hour, 24), seq, id, phone
    from unmarked where failure_reason is null and due_at is null
), waits as (
    insert into waiting_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone, due_at)
    select campaign_id, channel, area_id, coalesce(planned_hour, 24), seq, id, phone, due_at
    from unmarked where failure_reason is null and due_at is not null
), hastened as (
    update waiting_contacts w set due_at = coalesce(g.due_at, %(now)s)
    from given g
    where w.contact_id = g.contact_id
    returning w.contact_id
)
select (select count(*) from unmarked where failure_reason is null) + (select count(*) from hastened) as n
