-- areas_of
-- The areas in which a campaign's contacts stand.
select distinct area_id from contacts where campaign_id = %(campaign_id)s

-- outlooks
-- What decides when each contact can be called or texted next, counted: domain/outlook.py for a whole campaign at
-- once. Whether somebody is listed or capped is asked of all at a time, since listed_until and capped_until
-- answer for one. `since` is from when a contact may be called by all but the hours of its area; of those
-- hours SQL knows when each open stretch closes, and after which closing there is none before the end.
with rules as materialized (
    select * from unnest(%(areas)s::int[], %(caps_24_hours)s::int[], %(caps_7_days)s::int[],
                         %(last_closings)s::timestamptz[])
        as r (area_id, per_24_hours, per_7_days, last_closing)
), stretches as materialized (
    select r.*, array(
        select s.closes
        from unnest(%(closing_areas)s::int[], %(closings)s::timestamptz[]) as s (area_id, closes)
        where s.area_id = r.area_id
        order by s.closes) as closings
    from rules r
), people as materialized (
    select c.id, c.phone, c.area_id, c.status, c.failure_reason, c.last_disposition, c.channel,
           c.originates + c.texts > 0 as tried,
           c.channel = 'voice' and c.attempts >= c.max_attempts as used_up,
           c.status = 'pending' or c.status = 'failed' and c.failure_reason is null as is_unfinished,
           c.phone like 'erased:%%' as is_erased
    from contacts c
    where c.campaign_id = %(campaign_id)s
), entries as not materialized (
    select b.number, b.is_prefix, coalesce(b.until, 'infinity') as until, b.registry,
           case when b.is_prefix then 2 when b.campaign_id is not null then 3
                when b.registry is not null then 4 else 1 end as holder
    from blacklist b
    where (b.until is null or b.until > %(now)s)
      and (b.campaign_id is null or b.campaign_id = %(campaign_id)s)
      and (b.registry is null or b.registry = any(%(registries)s))
), prefix_lengths as materialized (
    select distinct length(number) as n from entries where is_prefix
), holds as (
    select p.id, e.until, e.holder, e.registry
    from people p
    join entries e on e.number = p.phone and not e.is_prefix
    union all
    select p.id, e.until, e.holder, e.registry
    from people p
    cross join prefix_lengths l
    join entries e on e.number = left(p.phone, l.n) and e.is_prefix
    union all
    select p.id, 'infinity', 0, null
    from people p
    cross join digest_salt s
    join erased_numbers e on e.digest = sha256(s.salt || convert_to(p.phone, 'UTF8'))
    where exists (select from erased_numbers)
), listed as (
    select distinct on (id) id, until, holder, registry from holds order by id, until desc, holder
), disturbed as materialized (
    select p.id, r.begun_at
    from people p
    join call_records r on r.phone = p.phone
    where p.is_unfinished and r.begun_at > %(now)s - interval '7 days' and reached_out(r)
    union all
    select p.id, s.begun_at
    from people p
    join sms_records s on s.phone = p.phone
    where p.is_unfinished and s.begun_at > %(now)s - interval '7 days'
      and s.origin = 'campaign' and s.state not in ('not_taken', 'refused')
), disturbed_often as (
    select p.id, u.per_24_hours, u.per_7_days
    from (select id, count(*) as times from disturbed group by id) d
    join people p using (id)
    join rules u using (area_id)
    where d.times >= least(u.per_24_hours, u.per_7_days)
), disturbances as (
    select o.id, o.per_24_hours, o.per_7_days, d.begun_at,
           row_number() over (partition by o.id order by d.begun_at desc) as nth
    from disturbed_often o
    join disturbed d using (id)
), capped as (
    select id, max(case when nth = per_7_days then begun_at + interval '7 days'
                        else begun_at + interval '24 hours' end) as until
    from disturbances
    where nth = per_7_days or (nth = per_24_hours and begun_at > %(now)s - interval '24 hours')
    group by id
), standing as (
    select p.*, u.last_closing, u.closings, listed.until as listed_until, listed.holder, listed.registry,
           capped.until as capped_until, w.due_at, d.contact_id is not null as dispatched,
           l.contact_id as on_call_with, t.contact_id is not null as is_texted
    from people p
    join stretches u using (area_id)
    left join listed on listed.id = p.id
    left join capped on capped.id = p.id
    left join waiting_contacts w on w.contact_id = p.id
    left join dispatched_contacts d on d.contact_id = p.id
    left join live_calls l on l.phone = p.phone
    left join live_texts t on t.contact_id = p.id
), waited as (
    select s.*, greatest(%(now)s, listed_until, capped_until, due_at, %(start_time)s,
                         case when on_call_with <> id and channel = 'voice' then %(now)s + %(number_busy_delay)s end) as since
    from standing s
    offset 0 -- keeps `since` from being computed anew wherever it is named, as below
), judged as (
    select s.area_id, s.closings, s.last_closing, s.dispatched, s.channel,
           case when s.is_erased then 'erased'
                when s.status = 'completed' then 'completed'
                when s.status = 'blacklisted' then 'listed'
                when not s.is_unfinished then 'given_up'
                when s.on_call_with = s.id then 'on_call'
                when s.is_texted then 'text_under_way'
                when s.listed_until = 'infinity' then 'listed'
                when s.used_up then 'given_up' end as finished,
           case when s.is_unfinished and s.used_up then 'attempts_exhausted' else s.failure_reason end
               as failure_reason,
           s.holder, s.registry, s.last_disposition, s.since,
           -- What was awaited longest; of what ends together, the first.
           case s.since when %(now)s then null
                         when s.listed_until then 'listed_for_a_time'
                         when s.capped_until then 'capped'
                         when s.due_at then case when s.tried then 'retry' else 'held_back' end
                         when %(start_time)s then 'not_started'
                         else 'number_busy' end as cause
    from waited s
), counted as (
    select area_id,
           case when finished is not null then finished
                when %(over)s then 'campaign_over'
                when since >= last_closing then 'no_window' end as finished,
           failure_reason, holder, registry, dispatched, cause, last_disposition, channel, since, closings,
           width_bucket(since, closings) as stretch
    from judged
    offset 0
)
select area_id, finished,
       case when finished = 'given_up' then failure_reason end as failure_reason,
       case when finished = 'listed' then holder end as holder,
       case when finished = 'listed' then registry end as registry,
       case when finished is null then cause end as cause,
       case when finished is null and cause = 'retry' then last_disposition end as last_disposition,
       case when finished is null then dispatched end as dispatched,
       case when finished is null then stretch end as stretch,
       channel,
       count(*) as contacts,
       min(since) filter (where finished is null) as first_since,
       max(since) filter (where finished is null) as last_since
from counted
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
         case when finished is null then date_bin(
             case when stretch < cardinality(closings) then interval '15 minutes' else interval '1 day' end,
             since, %(now)s) end
order by area_id, contacts desc

-- seconds_a_call
-- How long a call holds its place, of the campaign's latest calls or of all campaigns' latest.
with chosen as (
    select id from campaigns
    where id = %(campaign_id)s or not %(own)s
    order by updated_at desc
    limit 20
)
select count(*) as calls, avg(extract(epoch from r.ended_at - r.begun_at))::float8 as seconds
from chosen p
cross join lateral (
    select r.begun_at, r.ended_at from call_records r
    where r.campaign_id = p.id and r.ended_at is not null and r.disposition <> 'unknown'
    order by r.begun_at desc
    limit %(n)s
) r

-- dialers
-- Dialers that are heard of, and when the last one was; by the clock their heartbeats are written with.
select count(*) filter (where is_heard and not draining) as alive,
       count(*) filter (where is_heard and draining) as draining,
       count(*) filter (where is_heard and redis_seen_at > clock_timestamp() - %(redis_silent)s) as see_redis,
       max(heartbeat_at) as heard_at
from dialers
cross join lateral (values (heartbeat_at > clock_timestamp() - %(silent)s)) as h (is_heard)
