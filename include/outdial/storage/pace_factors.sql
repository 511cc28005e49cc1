-- read_in_force
-- Every pace that is not whole, and why. A hold counts as a change.
select key, factor, adaptive, greatest(since, held_since) as since, reason, held, held_since, held_by,
       held_because
from pace_factors
order by key

-- read_falls
-- Of every lowered pace the share from which it began to fall the last time, and when it was lowered last;
-- steps down that no step up lies between are one fall.
select f.key, fall.before as fell_from, down.at as fell_at
from pace_factors f
cross join lateral (
    select id, at from pace_changes
    where key = f.key and after < before and changed_by is null
    order by id desc limit 1
) down
cross join lateral (
    select before from pace_changes
    where key = f.key and after < before and changed_by is null and id <= down.id
      and id > coalesce(
          (select max(id) from pace_changes where key = f.key and after > before and id < down.id), 0)
    order by id limit 1
) fall

-- write_change
-- Changes a pace, unless somebody else has changed it or holds what would rise. A pace without a row is whole.
with changed as (
    insert into pace_factors as f (key, adaptive, since, reason)
    select %(key)s, %(after)s, %(at)s, %(reason)s
    where %(before)s = 1.0 or exists (select from pace_factors where key = %(key)s)
    on conflict (key) do update
    set adaptive = excluded.adaptive, since = excluded.since, reason = excluded.reason
    where f.factor = %(before)s and (f.held is null or excluded.adaptive < f.factor)
    returning key
)
insert into pace_changes (at, key, before, after, reason, figures)
select %(at)s, key, %(before)s, %(after)s, %(reason)s, %(figures)s from changed
returning id

-- forget_whole
-- Paces that are whole again need no row.
delete from pace_factors where adaptive = 1 and held is null

-- hold
-- An operator's own limit; the controller's, where lower, stays in force.
with was as (select factor from pace_factors where key = %(key)s for update),
held as (
    insert into pace_factors as f (key, since, reason, held, held_since, held_by, held_because)
    values (%(key)s, %(now)s, '', %(factor)s, %(now)s, %(by)s, %(because)s)
    on conflict (key) do update
    set held = excluded.held, held_since = excluded.held_since, held_by = excluded.held_by,
        held_because = excluded.held_because
    returning key, factor
)
insert into pace_changes (at, key, before, after, reason, figures, changed_by)
select %(now)s, key, coalesce((select factor from was), 1), factor, %(because)s,
       jsonb_build_object('held', %(factor)s::float8), %(by)s
from held

-- release
-- Takes an operator's limit away; what the controller says is in force from now on.
with was as (select key, factor from pace_factors where key = %(key)s and held is not null for update),
released as (
    update pace_factors f
    set held = null, held_since = null, held_by = null, held_because = null,
        since = case when f.adaptive < 1 then %(now)s else f.since end
    from was
    where f.key = was.key
    returning f.key, f.factor, was.factor as before
)
insert into pace_changes (at, key, before, after, reason, changed_by)
select %(now)s, key, before, factor, %(because)s, %(by)s from released
returning before, after

-- read_changes
-- The last changes, newest first; of one pace where a key is given.
select at, key, before, after, reason, figures, changed_by
from pace_changes
where %(key)s::text is null or key = %(key)s
order by id desc
limit %(n)s

-- write_watch
-- What the controller saw at its last look.
insert into pace_watch (looked_at, cpu_share, cpu_read_at, ping_s, problems)
values (%(looked_at)s, %(cpu_share)s, %(cpu_read_at)s, %(ping_s)s, %(problems)s)
on conflict (only_row) do update
set looked_at = excluded.looked_at, cpu_share = excluded.cpu_share,
    cpu_read_at = coalesce(excluded.cpu_read_at, pace_watch.cpu_read_at), ping_s = excluded.ping_s, problems = excluded.problems

-- read_watch
-- What the controller saw at its last look, and how long ago.
select looked_at, cpu_share, cpu_read_at, ping_s, problems from pace_watch
