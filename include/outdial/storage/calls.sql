-- take_claim
-- The claim a dial task speaks of; a second copy of the task finds none.
delete from dispatched_contacts
where contact_id = %(contact_id)s and claim_id = %(claim_id)s
returning *

-- take_claim_and_line
-- The same, and until this transaction ends nobody else begins a call to this number, nor one over this trunk
-- where its calls are counted. Numbers before trunks, as everywhere: nobody waits for who waits for them.
with taken as (
    delete from dispatched_contacts
    where contact_id = %(contact_id)s and claim_id = %(claim_id)s
    returning *
)
select taken.*,
       pg_advisory_xact_lock(hashtextextended(taken.phone, 0)) as number_held,
       case when %(is_counted)s then pg_advisory_xact_lock(hashtextextended(%(trunk)s, 1))
            else pg_advisory_xact_lock_shared(hashtextextended(%(trunk)s, 1)) end as trunk_held
from taken

-- count_trunk_calls
-- Calls in progress on a trunk, whoever placed them.
select count(*) as calls from live_calls where trunk = %(trunk)s

-- facts
-- What the gate asks about one contact, beside its campaign.
select c.attempts, c.originates, c.max_attempts, c.metadata, a.zones, a.regions,
       listing.until is not null as listed,
       nullif(listing.until, 'infinity') as listed_until,
       registries_are_fresh(c.campaign_id, %(now)s) as registries_are_fresh,
       array(select d.at from disturbances(c.phone, %(now)s - interval '7 days') d) as disturbed_at,
       exists (select from live_calls l where l.phone = c.phone) as number_busy,
       (select count(*) from live_calls l where l.campaign_id = c.campaign_id) as live_calls,
       exists (select from pace_authority p where p.epoch = %(pace_epoch)s) as pace_is_current,
       exists (select from dialers d where d.id = %(dialer_id)s and d.heartbeat_at > %(alive_since)s)
           as dialer_is_alive
from contacts c
join areas a on a.id = c.area_id
cross join lateral listed_until(c.phone, c.campaign_id, %(now)s) as listing (until)
where c.id = %(contact_id)s

-- begin
-- Write the attempt down; nothing is written where the number is on another call, and one that is just
-- beginning elsewhere is waited for.
with live as (
    insert into live_calls
        (phone, call_id, contact_id, attempt_no, campaign_id, area_id, bucket, seq, dialer_id, trunk,
         begun_at)
    values (%(phone)s, %(call_id)s, %(contact_id)s, %(attempt_no)s, %(campaign_id)s, %(area_id)s,
            %(bucket)s, %(seq)s, %(dialer_id)s, %(trunk)s, %(now)s)
    on conflict (phone) do nothing
    returning *
), recorded as (
    insert into call_records
        (contact_id, attempt_no, campaign_id, call_id, phone, dialer_id, trunk, caller_id, begun_at)
    select contact_id, attempt_no, campaign_id, call_id, phone, dialer_id, trunk, %(caller_id)s, begun_at
    from live
)
update contacts c set originates = live.attempt_no
from live
where c.id = live.contact_id

-- make_ready
-- A claim given back, to be taken again as soon as it may.
insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
values (%(campaign_id)s, %(channel)s, %(area_id)s, %(bucket)s, %(seq)s, %(contact_id)s, %(phone)s)

-- make_wait
-- A claim given back until a time.
insert into waiting_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone, due_at)
values (%(campaign_id)s, %(channel)s, %(area_id)s, %(bucket)s, %(seq)s, %(contact_id)s, %(phone)s, %(due_at)s)

-- close_contact
-- A contact that will not be called again in this campaign.
update contacts set status = %(status)s, failure_reason = %(failure_reason)s where id = %(contact_id)s

-- message_was_left
-- Whether a machine of this contact has heard our message, or the beginning of it, on any call.
select exists (
    select from call_records
    where contact_id = %(contact_id)s and machine_message in ('begun', 'left', 'cut')
) as was_left

-- begin_message
-- Said before the message's first word, on a call that is not settled.
update call_records set machine_message = 'begun'
where call_id = %(call_id)s and disposition is null and machine_message is null

-- lock_live
-- Calls about to be settled, with what decides what follows; their contacts are held too, in the order in
-- which a list that comes in renews what it says of them.
select l.call_id, l.contact_id, l.campaign_id, c.attempts, c.originates, c.max_attempts, c.texts,
       c.line_type, p.type, p.config, p.end_time, a.zones, a.regions,
       listing.until is not null as listed,
       nullif(listing.until, 'infinity') as listed_until,
       (select coalesce(jsonb_object_agg(ended.disposition, ended.n), '{}')
        from (select r.disposition, count(*) as n from call_records r
              where r.contact_id = l.contact_id and r.disposition is not null
              group by r.disposition) ended) as ended_so
from live_calls l
join contacts c on c.id = l.contact_id
join areas a on a.id = c.area_id
join campaigns p on p.id = l.campaign_id
cross join lateral listed_until(c.phone, c.campaign_id, %(now)s) as listing (until)
where l.call_id = any(%(call_ids)s)
order by l.contact_id
for update of l
for no key update of c

-- settle
-- Outcome, contact and next due time together; a call already settled is left as it is.
with given as (
    select * from jsonb_to_recordset(%(outcomes)s) as g (
        call_id text, disposition text, counted boolean, ringing_at timestamptz, answered_at timestamptz,
        ended_at timestamptz, hangup_cause int, tech_cause text, converted boolean, opted_out boolean,
        ivr_path jsonb, detected text, machine_message text, annotation text, status text,
        failure_reason text, channel text, due_at timestamptz)
), settled as (
    update call_records r
    set disposition = g.disposition, counted = g.counted, ringing_at = g.ringing_at,
        answered_at = g.answered_at, ended_at = g.ended_at, hangup_cause = g.hangup_cause,
        tech_cause = g.tech_cause, converted = g.converted, opted_out = g.opted_out,
        ivr_path = g.ivr_path, annotation = g.annotation, detected = g.detected,
        machine_message = coalesce(g.machine_message, r.machine_message)
    from given g
    where r.call_id = g.call_id and r.disposition is null
    returning r.call_id
), freed as (
    delete from live_calls l using settled s where l.call_id = s.call_id returning l.*
), judged as (
    update contacts c
    set status = g.status, failure_reason = g.failure_reason, last_disposition = g.disposition,
        attempts = c.attempts + g.counted::int, channel = g.channel,
        fallback_to = case when g.channel <> c.channel then g.channel else c.fallback_to end
    from freed f
    join given g using (call_id)
    where c.id = f.contact_id
)
insert into waiting_contacts (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)
select f.contact_id, f.campaign_id, g.channel, f.area_id, f.bucket, f.seq, f.phone, g.due_at
from freed f
join given g using (call_id)
where g.due_at is not null
