-- traffic
-- What a campaign has dialled lately, and when anything of it began last.
select count(*) filter (where begun_at > %(now)s - interval '1 minute') as last_minute,
       count(*) filter (where begun_at > %(now)s - interval '5 minutes') as last_5_minutes,
       (select max(begun_at) from call_records where campaign_id = %(campaign_id)s) as last_begun_at
from call_records
where campaign_id = %(campaign_id)s and begun_at > %(now)s - interval '5 minutes'

-- latest_endings
-- How the latest calls ended, the most frequent ending first.
select disposition, count(*) as calls
from (
    select disposition from call_records
    where campaign_id = %(campaign_id)s and disposition is not null
    order by begun_at desc
    limit %(n)s
) latest
group by disposition
order by calls desc, disposition

-- outbox
-- Claims on their way: not yet on the queue, and not yet begun, with the oldest of each.
select count(*) filter (where sent_at is null) as unsent,
       min(claimed_at) filter (where sent_at is null) as unsent_since,
       count(sent_at) as sent,
       min(sent_at) as sent_since
from dispatched_contacts
where campaign_id = %(campaign_id)s

-- pace
-- Which clock gives out pace slots, and from when on.
select source, epoch, starts_at from pace_authority

-- person
-- One contact of a campaign, by its id or its number, with where it stands.
select c.id, c.phone, c.area_id, c.status, c.failure_reason, c.last_disposition, c.attempts, c.originates,
       c.max_attempts, c.planned_hour, c.created_at, a.zones, a.regions, w.due_at, d.not_after,
       case when l.contact_id is not null or t.contact_id is not null then 'live' when d.contact_id is not null then 'dispatched'
            when w.contact_id is not null then 'waiting' when r.contact_id is not null then 'ready'
            else 'nowhere' end as place
from contacts c
join areas a on a.id = c.area_id
left join waiting_contacts w on w.contact_id = c.id
left join dispatched_contacts d on d.contact_id = c.id
left join live_calls l on l.contact_id = c.id
left join live_texts t on t.contact_id = c.id
left join ready_contacts r on r.campaign_id = c.campaign_id and r.area_id = c.area_id and r.seq = c.seq
 and r.channel = any('{voice,sms}') and r.bucket between 0 and 24
where c.campaign_id = %(campaign_id)s and (c.id::text = %(who)s or c.phone = %(who)s)

-- calls_to
-- Calls of all campaigns to a number since a time, newest first.
select p.slug, p.id as campaign_id, r.attempt_no, r.begun_at, r.ended_at, r.disposition, reached_out(r) as counts
from call_records r
join campaigns p on p.id = r.campaign_id
where r.phone = %(phone)s and r.begun_at > %(since)s
order by r.begun_at desc

-- attempts_of
-- Every originate to a contact, oldest first.
select attempt_no, call_id, begun_at, ringing_at, answered_at, ended_at, disposition, counted, trunk, caller_id,
       hangup_cause, converted, opted_out, annotation
from call_records
where contact_id = %(contact_id)s
order by attempt_no

-- sources_of
-- Where a contact came from: the query that lists it, else the files that were being imported when it came.
select i.kind, i.source, i.started_at
from imports i
where i.campaign_id = %(campaign_id)s
  and (exists (select from sourced_contacts s where s.contact_id = %(contact_id)s and s.import_id = i.id)
       or (i.kind = 'file' and %(created_at)s between i.started_at and coalesce(i.finished_at, i.updated_at)
           and not exists (select from sourced_contacts s where s.contact_id = %(contact_id)s)))
order by i.started_at

-- a_dialer
-- The dialer that was heard of last.
select id from dialers order by heartbeat_at desc limit 1
