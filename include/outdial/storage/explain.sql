-- traffic
-- What a campaign has dialled lately, and when anything of it began last.
select count(*) filter (where begun_at > %(now)s - interval '1 minute') as last_minute,
       count(*) filter (where begun_at > %(now)s - interval '5 minutes') as last_5_minutes,
       (select max(begun_at) from call_records where campaign_id = %(campaign_id)s) as last_begun_at
from call_records
where campaign_id = %(campaign_id)s and begun_at > %(now)s - interval '5 minutes'

-- text_traffic
-- What a campaign has texted lately, and when anything of it began last; texts asked for on calls and answers apart.
select count(*) filter (where begun_at > %(now)s - interval '1 minute') as last_minute,
       count(*) filter (where begun_at > %(now)s - interval '5 minutes') as last_5_minutes,
       (select max(begun_at) from sms_records
        where campaign_id = %(campaign_id)s and origin = 'campaign') as last_begun_at
from sms_records
where campaign_id = %(campaign_id)s and origin = 'campaign' and begun_at > %(now)s - interval '5 minutes'

-- latest_text_endings
-- What carriers answered to the latest texts, the most frequent answer first.
select state, coalesce(failure, '') as failure, count(*) as texts
from (
    select state, failure from sms_records
    where campaign_id = %(campaign_id)s and origin = 'campaign' and state <> 'submitting'
    order by begun_at desc
    limit %(n)s
) latest
group by 1, 2
order by texts desc, 1, 2

-- texts_under_way
-- Contacts whose texts a carrier is being asked to take, and who wait for receipts; until when the last of them.
select count(*) filter (where settles_at is null) as submitting,
       count(settles_at) as awaiting_receipts,
       max(settles_at) as last_settles_at
from live_texts
where campaign_id = %(campaign_id)s

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
-- Claims of a channel on their way: not yet on the queue, and not yet begun, with the oldest of each.
select count(*) filter (where sent_at is null) as unsent,
       min(claimed_at) filter (where sent_at is null) as unsent_since,
       count(sent_at) as sent,
       min(sent_at) as sent_since
from dispatched_contacts
where campaign_id = %(campaign_id)s and channel = %(channel)s

-- pace
-- Which clock gives out pace slots, and from when on.
select source, epoch, starts_at from pace_authority

-- person
-- One contact of a campaign, by its id or its number, with where it stands.
select c.id, c.phone, c.area_id, c.status, c.failure_reason, c.last_disposition, c.attempts, c.originates,
       c.max_attempts, c.channel, c.line_type, c.texts, c.fallback_to, c.planned_hour, c.created_at, a.zones, a.regions, w.due_at, d.not_after,
       case when l.contact_id is not null then 'live' when t.contact_id is not null then 'texting'
            when d.contact_id is not null then 'dispatched'
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

-- texts_to
-- Texts of campaigns to a number since a time, newest first, and whether the caps on a number count them.
select p.slug, p.id as campaign_id, s.begun_at, s.state, s.failure, s.origin,
       s.origin = 'campaign' and s.state not in ('not_taken', 'refused') as counts
from sms_records s
join campaigns p on p.id = s.campaign_id
where s.phone = %(phone)s and s.begun_at > %(since)s and s.state <> 'queued'
order by s.begun_at desc

-- texts_of
-- Every text to a contact, oldest first, with its receipts, the replies to it and the visits to its links.
select s.id as text_id, s.origin, s.state, s.failure, s.carrier_said, s.carrier, s.sender, s.body, s.encoding,
       s.parts, s.tries, s.begun_at, s.sent_at, s.delivered_at, s.ended_at, s.opted_out,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'state', r.state, 'failure', r.failure, 'said', r.said, 'receivedAt', r.received_at,
                   'times', r.times) order by r.received_at, r.state), '[]')
        from sms_receipts r where r.record_id = s.id) as receipts,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'body', r.body, 'meaning', coalesce(r.settled_as, r.meaning), 'receivedAt', r.received_at)
                   order by r.received_at), '[]')
        from sms_replies r where r.record_id = s.id) as replies,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'url', k.url,
                   'people', (select count(*) from sms_link_visits v
                              where v.link_id = k.id and v.visitor = 'person'),
                   'programs', (select count(*) from sms_link_visits v
                                where v.link_id = k.id and v.visitor <> 'person')) order by k.position), '[]')
        from sms_links k where k.record_id = s.id) as links
from sms_records s
where s.contact_id = %(contact_id)s
order by s.begun_at, s.id

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
