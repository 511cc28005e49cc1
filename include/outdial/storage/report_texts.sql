-- counts
-- Every text of the campaign together: those that begin with us apart from answers to what people wrote.
-- Carriers charge for what they took, and may charge for what nobody knows they took.
select count(*) filter (where origin <> 'answer') as begun,
       count(*) filter (where origin = 'answer') as answers,
       count(*) filter (where origin = 'call') as asked_for_on_calls,
       coalesce(sum(tries) filter (where origin <> 'answer'), 0)::bigint as tries,
       count(*) filter (where origin <> 'answer' and opted_out) as opted_out,
       count(*) filter (where origin = 'campaign' and state = 'submitting') as submitting,
       coalesce(sum(parts) filter (where state in ('sent', 'delivered', 'undelivered', 'unknown')), 0)::bigint
           as parts,
       count(distinct contact_id) filter (
           where origin <> 'answer' and state in ('sent', 'delivered', 'undelivered')) as contacts_texted,
       min(begun_at) filter (where origin <> 'answer') as first_text_at,
       max(coalesce(ended_at, sent_at, begun_at)) filter (where origin <> 'answer') as last_text_at
from sms_records
where campaign_id = %(campaign_id)s

-- under_way
-- Texts that a carrier is being asked to take, counted by their contacts who are in progress for them.
select count(*) as texts
from live_texts t
join sms_records s on s.id = t.record_id
where t.campaign_id = %(campaign_id)s and s.state = 'submitting'

-- by_outcome
-- Texts by state and, where they failed, by reason.
select state, failure, count(*) as texts
from sms_records
where campaign_id = %(campaign_id)s and origin <> 'answer'
group by state, failure
order by state, texts desc, failure

-- by_line
-- Texts by carrier and sender, and what came of them.
select carrier, sender, count(*) as texts,
       count(*) filter (where state in ('sent', 'delivered', 'undelivered')) as sent,
       count(*) filter (where state = 'delivered') as delivered,
       count(*) filter (where state in ('undelivered', 'refused')) as failed
from sms_records
where campaign_id = %(campaign_id)s and origin <> 'answer'
group by carrier, sender
order by texts desc, carrier, sender

-- by_price
-- What was, or may have been, charged for: parts at each price they were begun under, answers among them.
select price_per_part, sum(parts)::bigint as parts
from sms_records
where campaign_id = %(campaign_id)s and state in ('sent', 'delivered', 'undelivered', 'unknown')
group by price_per_part
order by price_per_part

-- by_quarter_hour
-- Texts and deliveries by area and quarter of an hour in which they began, as calls are counted.
select a.zones, q.quarter, sum(q.texts)::bigint as texts, sum(q.delivered)::bigint as delivered
from (
    select c.area_id,
           date_bin('15 minutes', s.begun_at, timestamptz '2000-01-01 00:00+00') as quarter,
           count(*) as texts,
           count(*) filter (where s.state = 'delivered') as delivered
    from sms_records s
    join contacts c on c.id = s.contact_id
    where s.campaign_id = %(campaign_id)s and s.origin <> 'answer'
    group by 1, 2
) q
join areas a on a.id = q.area_id
group by a.zones, q.quarter
order by q.quarter

-- seconds_to_delivery
-- From when the carrier was asked to when the telephone had the text.
select count(*) as texts,
       percentile_cont(0.5) within group (order by seconds)::float as median_s,
       percentile_cont(0.9) within group (order by seconds)::float as p90_s
from (
    select extract(epoch from delivered_at - begun_at) as seconds
    from sms_records
    where campaign_id = %(campaign_id)s and origin <> 'answer' and state = 'delivered'
) measured

-- replies
-- What people wrote back; somebody who wrote twice is one person.
select count(*) as replies,
       count(distinct phone) as people,
       count(*) filter (where meaning = 'unclear' and settled_at is null) as unclear
from sms_replies
where campaign_id = %(campaign_id)s

-- passed_on
-- Contacts whom the second channel follows, and what came of it: reached by it, not or not known to be, or
-- still to be. A landline in a campaign that begins with texts is called instead of being texted.
with passed as (
    select c.id, c.status in ('completed', 'blacklisted')
                 or (c.status = 'failed' and c.failure_reason is not null) as is_finished,
           coalesce(c.fallback_to, 'voice') as channel
    from contacts c
    where c.campaign_id = %(campaign_id)s
      and (c.fallback_to is not null
           or (%(begins_with_texts)s and c.line_type = 'landline' and c.channel = 'voice'))
), judged as (
    select p.channel, p.is_finished,
           case p.channel
               when 'voice' then exists (
                   select from call_records r
                   where r.contact_id = p.id and (r.disposition = 'answered' or r.machine_message = 'left'))
               else exists (
                   select from sms_records s
                   where s.contact_id = p.id and s.origin = 'campaign' and s.state = 'delivered')
           end as is_delivered,
           p.channel = 'sms' and exists (
               select from sms_records s
               where s.contact_id = p.id and s.origin = 'campaign' and s.state = 'sent') as is_sent
    from passed p
)
select channel, count(*) as contacts,
       count(*) filter (where is_delivered) as delivered,
       count(*) filter (where not is_delivered and is_sent) as sent,
       count(*) filter (where not is_delivered and not is_sent and is_finished) as failed,
       count(*) filter (where not is_delivered and not is_sent and not is_finished) as in_progress
from judged
group by channel
order by channel

-- agreement
-- How many contacts say of themselves how often they were texted as their texts do, how many of all texts they
-- say there were, and how many who are completed were reached by a call or by a text that a carrier took.
select count(*) as contacts,
       count(*) filter (where c.texts = coalesce(s.texts, 0)) as same_counts,
       coalesce(sum(c.texts), 0)::bigint as texts,
       count(*) filter (where c.status = 'completed') as completed,
       count(*) filter (where c.status = 'completed' and (s.taken > 0 or exists (
           select from call_records r where r.contact_id = c.id and r.disposition = 'answered')))
           as completed_by_either
from contacts c
left join (
    select contact_id, count(*) as texts,
           count(*) filter (where state in ('sent', 'delivered', 'undelivered')) as taken
    from sms_records
    where campaign_id = %(campaign_id)s and origin = 'campaign'
    group by contact_id
) s on s.contact_id = c.id
where c.campaign_id = %(campaign_id)s

-- texts
-- Every text in the order in which they began, with what was heard of it; what it said is not asked.
select s.id, s.contact_id, s.origin, s.phone, s.carrier, s.sender, s.state, s.failure, s.carrier_said,
       s.encoding, s.parts, s.price_per_part, s.tries, s.begun_at, s.sent_at, s.delivered_at, s.ended_at,
       s.opted_out, coalesce(l.links, 0) as links, coalesce(l.clicks, 0) as clicks,
       coalesce(r.replies, 0) as replies
from sms_records s
left join (
    select k.record_id, count(distinct k.id) as links, count(*) filter (where v.visitor = 'person') as clicks
    from sms_records t
    join sms_links k on k.record_id = t.id
    left join sms_link_visits v on v.link_id = k.id
    where t.campaign_id = %(campaign_id)s
    group by k.record_id
) l on l.record_id = s.id
left join (
    select record_id, count(*) as replies from sms_replies where campaign_id = %(campaign_id)s group by record_id
) r on r.record_id = s.id
where s.campaign_id = %(campaign_id)s
order by s.begun_at, s.id
