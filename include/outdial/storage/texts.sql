-- take_claims
-- The claims these tasks speak of; a second copy of a task finds none.
delete from dispatched_contacts d
using unnest(%(contact_ids)s::uuid[], %(claim_ids)s::uuid[]) as g (contact_id, claim_id)
where d.contact_id = g.contact_id and d.claim_id = g.claim_id and d.channel = 'sms'
returning d.*

-- hold_numbers
-- Until this transaction ends nobody else begins a call or a text to these numbers; in the same order everywhere.
select pg_advisory_xact_lock(hashtextextended(number, 0))
from (select distinct number from unnest(%(phones)s::text[]) as given (number) order by number) sorted

-- facts
-- What the gate asks about contacts, beside their campaign; held in the order of all who hold several.
select c.id, c.metadata, a.zones, a.regions,
       listing.until is not null as listed,
       nullif(listing.until, 'infinity') as listed_until,
       registries_are_fresh(c.campaign_id, %(now)s) as registries_are_fresh,
       array(select d.at from disturbances(c.phone, %(now)s - interval '7 days') d) as disturbed_at
from contacts c
join areas a on a.id = c.area_id
cross join lateral listed_until(c.phone, c.campaign_id, %(now)s) as listing (until)
where c.id = any(%(contact_ids)s)
order by c.id
for no key update of c

-- insert
-- Texts that are about to go to their carrier, and where their contacts stand meanwhile.
with given as (
    select * from jsonb_to_recordset(%(texts)s) as g (
        id uuid, request_id text, contact_id uuid, campaign_id uuid, area_id int, bucket smallint, seq bigint,
        phone text, sender text, body text, encoding text, parts int, price_per_part numeric)
), written as (
    insert into sms_records (id, request_id, origin, contact_id, campaign_id, phone, sender, carrier, body,
                             encoding, parts, price_per_part, gateway_id, begun_at)
    select id, request_id, 'campaign', contact_id, campaign_id, phone, sender, %(carrier)s, body, encoding,
           parts, price_per_part, %(gateway_id)s, %(now)s
    from given
), under_way as (
    insert into live_texts (contact_id, record_id, campaign_id, area_id, bucket, seq, phone, begun_at)
    select contact_id, id, campaign_id, area_id, bucket, seq, phone, %(now)s from given
)
update contacts c set texts = c.texts + 1 from given g where c.id = g.contact_id

-- take_queued
-- Texts that wait for a gateway and whose time has come, the oldest first. One whose number has been listed since
-- it was asked for is refused, but for what answers a STOP; so is one that comes too late to be of use.
with next as (
    select s.id,
           case when s.begun_at <= %(too_late)s then 'too_late'
                when is_listed(s.phone, s.campaign_id, %(now)s)
                     and not (s.origin = 'answer' and starts_with(s.request_id, 'stop:')) then 'listed'
           end as refusal
    from sms_records s
    where s.state = 'queued' and s.carrier = %(carrier)s and (s.due_at is null or s.due_at <= %(now)s)
    order by s.begun_at
    limit %(n)s
    for no key update of s skip locked
)
update sms_records s
set state = case when next.refusal is null then 'submitting' else 'refused' end,
    failure = next.refusal,
    ended_at = case when next.refusal is not null then %(now)s::timestamptz end,
    gateway_id = %(gateway_id)s, due_at = null
from next
where s.id = next.id
returning s.id, s.phone, s.sender, s.body, s.parts, s.state = 'submitting' as goes

-- contact
-- Who asked for a text on a call; nobody where they were erased since.
select phone from contacts where id = %(contact_id)s and campaign_id = %(campaign_id)s and phone like '+%%'

-- hold_records
-- Nobody else judges these texts until the transaction ends; in the same order everywhere.
select id from sms_records where id = any(%(record_ids)s) order by id for no key update

-- settle
-- What the carrier answered. What was taken for unknown meanwhile is so no longer, and its contact stays as
-- that made it. A text that is asked for again goes back among those that wait.
with given as (
    select * from jsonb_to_recordset(%(outcomes)s) as g (
        record_id uuid, state text, failure text, said text, at timestamptz, due_at timestamptz,
        message_ids jsonb)
), settled as (
    update sms_records s
    set state = case when g.state = 'not_taken' and s.origin <> 'campaign' then 'queued' else g.state end,
        failure = case when g.state = 'not_taken' and s.origin <> 'campaign' then null else g.failure end,
        carrier_said = nullif(g.said, ''),
        sent_at = case when g.state = 'sent' then g.at end,
        ended_at = case when g.state <> 'sent' and not (g.state = 'not_taken' and s.origin <> 'campaign') then g.at end,
        due_at = case when g.state = 'not_taken' and s.origin <> 'campaign' then g.due_at end,
        tries = s.tries + (g.state = 'not_taken' and s.origin <> 'campaign')::int
    from given g
    where s.id = g.record_id and s.state in ('submitting', 'unknown')
    returning s.id
), named as (
    insert into sms_parts (carrier, message_id, record_id, part_no)
    select s.carrier, part.message_id, s.id, min(part.n)
    from given g
    join sms_records s on s.id = g.record_id
    cross join lateral jsonb_array_elements_text(g.message_ids) with ordinality as part (message_id, n)
    group by s.carrier, part.message_id, s.id
    -- A receipt that named the text may have come first.
    on conflict (carrier, message_id, record_id) do update set part_no = excluded.part_no
)
select id from settled

-- await_receipts
-- Contacts whose texts the carrier took: done without a receipt at a time of their own.
update live_texts t
set settles_at = %(now)s + g.wait_s * interval '1 second'
from unnest(%(record_ids)s::uuid[], %(waits_s)s::float[]) as g (record_id, wait_s)
where t.record_id = g.record_id

-- receipt_waits
-- How long campaigns let the contacts of these texts wait for receipts.
select t.record_id, p.config -> 'sms' ->> 'receiptWaitSeconds' as written
from live_texts t
join campaigns p on p.id = t.campaign_id
where t.record_id = any(%(record_ids)s)

-- overdue
-- Texts whose receipts have not come in time.
select s.id as record_id, s.state, s.failure
from live_texts t
join sms_records s on s.id = t.record_id
where t.settles_at <= %(now)s
order by s.id
limit %(n)s
for no key update of s skip locked

-- lock_live
-- Contacts whose texts have ended, with what decides what follows; in the order of all who hold several.
select t.contact_id, t.record_id, t.campaign_id, c.line_type, c.originates, p.type, p.config, p.end_time,
       a.zones, a.regions,
       listing.until is not null as listed,
       nullif(listing.until, 'infinity') as listed_until,
       (select count(*) from sms_records s where s.contact_id = c.id and s.state = 'not_taken') as not_taken
from live_texts t
join contacts c on c.id = t.contact_id
join areas a on a.id = c.area_id
join campaigns p on p.id = t.campaign_id
cross join lateral listed_until(c.phone, c.campaign_id, %(now)s) as listing (until)
where t.record_id = any(%(record_ids)s)
order by t.contact_id
for update of t
for no key update of c

-- follow_up
-- The contact and what follows, together.
with given as (
    select * from jsonb_to_recordset(%(contacts)s) as g (
        record_id uuid, state text, status text, failure_reason text, channel text, due_at timestamptz)
), freed as (
    delete from live_texts t using given g where t.record_id = g.record_id returning t.*
), judged as (
    update contacts c
    set status = g.status, failure_reason = g.failure_reason, last_disposition = g.state,
        channel = g.channel,
        fallback_to = case when g.channel <> c.channel then g.channel else c.fallback_to end
    from freed f
    join given g using (record_id)
    where c.id = f.contact_id
)
insert into waiting_contacts (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)
select f.contact_id, f.campaign_id, g.channel, f.area_id, f.bucket, f.seq, f.phone, g.due_at
from freed f
join given g using (record_id)
where g.due_at is not null

-- gateways_at_work
-- Gateways that have written down texts of which they have not said what became.
select distinct gateway_id from sms_records where state = 'submitting'

-- is_alive
-- A gateway holds this lock for as long as it lives.
select not pg_try_advisory_xact_lock(hashtextextended(%(gateway_id)s::text, 2)) as alive

-- live
-- The lock by which others know that a gateway lives: for this session.
select pg_advisory_lock(hashtextextended(%(gateway_id)s::text, 2))

-- at_work_on
-- Texts of which a gateway has not said what became.
select id from sms_records where gateway_id = %(gateway_id)s and state = 'submitting'

-- mark_left
-- Nobody will say any more what became of these: nobody knows whether the carrier has them.
update sms_records set state = 'unknown', ended_at = %(now)s, carrier_said = 'the gateway lost sight of it'
where id = any(%(record_ids)s) and state = 'submitting'
returning id
