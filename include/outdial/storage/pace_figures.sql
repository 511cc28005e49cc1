-- trunks
-- Calls of running campaigns over each trunk, begun in the last minutes but not in the last seconds (what
-- fails is known sooner than what goes well), and since the trunk's share last changed.
select r.trunk, count(*) as begun,
       count(*) filter (where r.disposition in ('congestion', 'trunk_down')) as failed
from campaigns c
join call_records r on r.campaign_id = c.id
left join pace_factors f on f.key = 'trunk:' || r.trunk
where c.status = 'active'
  and r.begun_at > %(now)s - make_interval(secs => %(window_s)s)
  and r.begun_at <= %(now)s - make_interval(secs => %(known_after_s)s)
  and r.begun_at > coalesce(greatest(f.since, f.held_since), '-infinity')
  and (r.disposition is null or r.disposition not in ('cancelled', 'refused', 'unknown'))
group by r.trunk

-- trunk_tries
-- The latest calls over each lowered trunk since it was, as far as their end is known: a call in progress
-- for longer than any phone rings was answered.
select substr(f.key, 7) as trunk, count(latest) as tried,
       count(*) filter (where latest.disposition in ('congestion', 'trunk_down')) as in_vain
from pace_factors f
left join lateral (
    select r.disposition
    from campaigns c
    join call_records r on r.campaign_id = c.id
    where c.status = 'active' and f.key = 'trunk:' || r.trunk
      and r.begun_at > %(now)s - make_interval(secs => %(window_s)s)
      and r.begun_at > greatest(f.since, f.held_since)
      and (r.disposition not in ('cancelled', 'refused', 'unknown')
           or (r.disposition is null and r.begun_at < %(now)s - make_interval(secs => %(ended_after_s)s)))
    order by r.begun_at desc
    limit %(n)s
) latest on true
where f.key like 'trunk:%%'
group by f.key

-- answers
-- Counted calls of campaigns that have a floor, or are lowered because they had one, and those answered;
-- those begun so long ago that nobody's phone rings any more, since their share last changed. The latest
-- thousands say enough.
select c.id, c.status, c.config -> 'answerRateFloor' as floor, seen.calls, seen.answered
from campaigns c
left join pace_factors f on f.key = 'campaign:' || c.id
cross join lateral (
    select count(*) as calls,
           count(*) filter (where latest.disposition is null or latest.disposition = 'answered') as answered
    from (
        select r.disposition
        from call_records r
        where r.campaign_id = c.id
          and r.begun_at > %(now)s - make_interval(
                  secs => coalesce((c.config -> 'answerRateFloor' ->> 'windowMinutes')::float8 * 60, 0)
                          + %(ended_after_s)s)
          and r.begun_at <= %(now)s - make_interval(secs => %(ended_after_s)s)
          and r.begun_at > coalesce(greatest(f.since, f.held_since), '-infinity')
          and (r.disposition is null or (r.counted and r.disposition <> 'unknown'))
        order by r.begun_at desc
        limit 5000
    ) latest
) seen
where (c.status = 'active' and c.config -> 'answerRateFloor' <> 'null') or f.adaptive < 1
