-- count
-- What became of the contacts who were to be texted, each counted once: texted where a carrier took a text of
-- the campaign, passed over before a carrier was asked, or failed; the rest is still to come. Those whom the
-- campaign calls first are to be texted once they are passed on.
with asked as (
    select s.contact_id, bool_or(s.state in ('sent', 'delivered', 'undelivered')) as taken,
           (array_agg(s.state order by s.begun_at desc))[1] as last
    from sms_records s
    where s.campaign_id = %(campaign_id)s and s.origin = 'campaign'
    group by s.contact_id
), judged as (
    select c.seq, c.id,
           case
               when asked.taken then 'sent'
               when c.status = 'blacklisted' or c.failure_reason in ('landline', 'template_field_missing',
                    'withdrawn') or (asked.last is null and c.channel = 'voice') then 'skipped'
               when asked.last in ('refused', 'unknown') or c.failure_reason is not null then 'failed'
               else 'to_come'
           end as outcome
    from contacts c
    left join asked on asked.contact_id = c.id
    where c.campaign_id = %(campaign_id)s and (%(begins_with_texts)s or c.fallback_to = 'sms')
)
select count(*) as total,
       count(*) filter (where outcome = 'sent') as sent,
       count(*) filter (where outcome = 'skipped') as skipped,
       count(*) filter (where outcome = 'failed') as failed
from judged

-- failures
-- The first contacts who were not texted and why: those of whom a text failed, and those passed over for what
-- is wrong with them. A contact who was called since says no more of the text; its record does.
with last_texts as (
    select distinct on (s.contact_id) s.contact_id, s.state, s.failure
    from sms_records s
    where s.campaign_id = %(campaign_id)s and s.origin = 'campaign'
    order by s.contact_id, s.begun_at desc
)
select c.id,
       case when t.state in ('refused', 'unknown') then 'text_' || t.state else c.failure_reason end as reason,
       t.failure
from contacts c
left join last_texts t on t.contact_id = c.id
where c.campaign_id = %(campaign_id)s and (%(begins_with_texts)s or c.fallback_to = 'sms')
  and coalesce(t.state, '') not in ('sent', 'delivered', 'undelivered')
  and (t.state in ('refused', 'unknown')
       or (c.failure_reason is not null and c.failure_reason <> 'withdrawn'
           and (t.state is not null or c.channel = 'sms')))
order by c.seq
limit %(n)s

-- count_in_hand
-- Texts that a carrier is being asked to take at this moment.
select count(*) as texts
from live_texts t
join sms_records s on s.id = t.record_id
where t.campaign_id = %(campaign_id)s and s.state = 'submitting'
