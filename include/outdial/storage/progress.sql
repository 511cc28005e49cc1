-- contacts
-- The campaign's contacts by status; the states add up to the list.
select count(*) as total,
       count(*) filter (where status = 'pending') as pending,
       count(*) filter (where status = 'in_progress') as in_progress,
       count(*) filter (where status = 'completed') as completed,
       count(*) filter (where is_waiting) as waiting,
       count(*) filter (where status = 'failed') as failed,
       count(*) filter (where status = 'blacklisted') as blacklisted
from contact_states
where campaign_id = %(campaign_id)s

-- calls
-- The campaign's calls by disposition.
select count(*) as originates,
       count(*) filter (where counted) as attempts,
       count(*) filter (where disposition is null) as live,
       count(*) filter (where disposition = 'answered') as answered,
       count(*) filter (where disposition = 'busy') as busy,
       count(*) filter (where disposition = 'no_answer') as no_answer,
       count(*) filter (where disposition not in ('answered', 'busy', 'no_answer')) as not_connected,
       count(*) filter (where converted) as converted,
       count(*) filter (where opted_out) as opted_out,
       count(*) filter (where begun_at > %(recent_since)s) as recent
from call_records
where campaign_id = %(campaign_id)s

-- texts
-- The campaign's texts by state, those asked for on calls among them; answers to what people wrote are none.
select count(*) as texts,
       count(*) filter (where state in ('queued', 'submitting')) as texts_in_progress,
       count(*) filter (where state in ('sent', 'delivered', 'undelivered')) as texts_sent,
       count(*) filter (where state = 'delivered') as texts_delivered,
       count(*) filter (where state in ('undelivered', 'refused')) as texts_failed,
       count(*) filter (where state = 'unknown') as texts_unknown,
       count(*) filter (where opted_out) as opted_out_by_reply,
       count(*) filter (where begun_at > %(recent_since)s) as recent,
       (select count(distinct r.phone) from sms_replies r where r.campaign_id = %(campaign_id)s) as replied
from sms_records
where campaign_id = %(campaign_id)s and origin <> 'answer'

-- record
-- Figures of one moment.
insert into campaign_progress (campaign_id, recorded_at, figures)
values (%(campaign_id)s, %(now)s, %(figures)s)
on conflict do nothing
