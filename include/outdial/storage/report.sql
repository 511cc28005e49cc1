-- contact_counts
-- The list, and who stands where; finished contacts are counted by another statement.
select
    (select count(*) from contacts where campaign_id = %(campaign_id)s) as total,
    (select count(*) from ready_contacts where campaign_id = %(campaign_id)s) as ready,
    (select count(*) from waiting_contacts where campaign_id = %(campaign_id)s) as waiting,
    (select count(*) from dispatched_contacts where campaign_id = %(campaign_id)s) as dispatched,
    (select count(*) from live_calls where campaign_id = %(campaign_id)s) as live_calls,
    (select count(*) from live_texts where campaign_id = %(campaign_id)s) as live_texts

-- finished_contacts
-- Contacts for whom nothing is left to do, by status and reason. One who failed without a reason is to be
-- tried again, and so stands in one of the tables above.
select status, failure_reason, count(*) as contacts
from contacts
where campaign_id = %(campaign_id)s
  and (status in ('completed', 'blacklisted') or (status = 'failed' and failure_reason is not null))
group by status, failure_reason
order by status, contacts desc, failure_reason

-- call_counts
-- Every originate of the campaign, and what came of them together.
select count(*) as originates,
       count(*) filter (where counted) as attempts,
       count(*) filter (where converted) as converted,
       count(*) filter (where opted_out) as opted_out,
       count(*) filter (where machine_message = 'left') as messages_left,
       count(distinct contact_id) filter (where counted) as contacts_called,
       count(distinct contact_id) filter (where disposition = 'answered') as contacts_reached,
       min(begun_at) as first_call_at,
       max(ended_at) as last_call_ended_at
from call_records
where campaign_id = %(campaign_id)s

-- calls_by_disposition
-- Settled calls by how they ended.
select disposition, count(*) as calls
from call_records
where campaign_id = %(campaign_id)s and disposition is not null
group by disposition

-- calls_by_attempt
-- Calls and answers of every contact's first originate, second, and so on.
select attempt_no, count(*) as originates, count(*) filter (where disposition = 'answered') as answered
from call_records
where campaign_id = %(campaign_id)s
group by attempt_no
order by attempt_no

-- calls_by_line
-- Calls over every trunk from every caller id, and what came of them.
select trunk, caller_id, count(*) as originates,
       count(*) filter (where counted) as attempts,
       count(*) filter (where disposition = 'answered') as answered,
       count(*) filter (where disposition in ('congestion', 'trunk_down')) as unreached
from call_records
where campaign_id = %(campaign_id)s
group by trunk, caller_id
order by trunk, caller_id

-- calls_by_quarter_hour
-- Calls and answers by area and quarter of an hour: every zone's offset is a multiple of it, so that hours
-- on any wall clock can be put together from these.
select a.zones, q.quarter, sum(q.originates)::bigint as originates, sum(q.answered)::bigint as answered
from (
    select c.area_id,
           date_bin('15 minutes', r.begun_at, timestamptz '2000-01-01 00:00+00') as quarter,
           count(*) as originates,
           count(*) filter (where r.disposition = 'answered') as answered
    from call_records r
    join contacts c on c.id = r.contact_id
    where r.campaign_id = %(campaign_id)s
    group by 1, 2
) q
join areas a on a.id = q.area_id
group by a.zones, q.quarter
order by q.quarter

-- durations
-- Seconds a telephone rang, and seconds spent with people who answered.
select kind,
       count(*) as calls,
       sum(seconds)::float as total_s,
       avg(seconds)::float as mean_s,
       percentile_cont(0.5) within group (order by seconds)::float as median_s,
       percentile_cont(0.9) within group (order by seconds)::float as p90_s,
       max(seconds)::float as max_s
from (
    select 'ring' as kind, extract(epoch from coalesce(answered_at, ended_at) - ringing_at) as seconds
    from call_records
    where campaign_id = %(campaign_id)s and ringing_at is not null and ended_at is not null
    union all
    select 'talk', extract(epoch from ended_at - answered_at)
    from call_records
    where campaign_id = %(campaign_id)s and disposition = 'answered' and answered_at is not null
) measured
group by kind

-- pace
-- The busiest second and minute, and the time spent calling: gaps of a minute and more are pauses.
select
    (select max(n) from (
        select count(*) as n from call_records where campaign_id = %(campaign_id)s
        group by date_trunc('second', begun_at, 'UTC')) by_second) as busiest_second,
    (select max(n) from (
        select count(*) as n from call_records where campaign_id = %(campaign_id)s
        group by date_trunc('minute', begun_at, 'UTC')) by_minute) as busiest_minute,
    count(gap) filter (where gap < interval '1 minute') as gaps,
    coalesce(extract(epoch from sum(gap) filter (where gap < interval '1 minute')), 0)::float as calling_s
from (
    select begun_at - lag(begun_at) over (order by begun_at) as gap
    from call_records where campaign_id = %(campaign_id)s) gaps

-- runs
-- Every run of the campaign's DAG, oldest first.
select run_id, started_at, finished_at, result, contact_limit, claimed
from campaign_runs
where campaign_id = %(campaign_id)s
order by started_at, run_id

-- agreement
-- How many contacts say of themselves what their calls say.
select count(*) as contacts,
       count(*) filter (
           where c.originates = coalesce(r.originates, 0) and c.attempts = coalesce(r.attempts, 0)
       ) as same_counts,
       count(*) filter (where c.status = 'completed') as completed,
       count(*) filter (where c.status = 'completed' and r.answered > 0) as completed_by_answer
from contacts c
left join (
    select contact_id,
           count(*) as originates,
           count(*) filter (where counted) as attempts,
           count(*) filter (where disposition = 'answered') as answered
    from call_records
    where campaign_id = %(campaign_id)s
    group by contact_id
) r on r.contact_id = c.id
where c.campaign_id = %(campaign_id)s

-- calls
-- Every call of the campaign in the order in which they began.
select call_id, contact_id, attempt_no, phone, trunk, caller_id, begun_at, ringing_at, answered_at, ended_at,
       disposition, counted, hangup_cause, tech_cause, converted, opted_out, ivr_path,
       detected, machine_message, annotation
from call_records
where campaign_id = %(campaign_id)s
order by begun_at, call_id
