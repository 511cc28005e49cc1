-- read_authority
-- Which clock gives out slots now, and how long until the slots of its epoch may start.
select source, epoch, greatest(extract(epoch from starts_at - clock_timestamp()), 0)::float8 as starts_in_s
from pace_authority

-- read_factors
-- The paces that may not use their whole CPS at the moment.
select key, factor from pace_factors where factor < 1

-- hold_authority
-- Everybody who reserves from PostgreSQL waits here for their turn.
select source, epoch from pace_authority for update

-- hand_to_postgres
-- Only from the epoch in which Redis was missed: of all who miss it, the first changes the epoch.
update pace_authority
set source = 'postgres', epoch = epoch + 1, starts_at = clock_timestamp() + make_interval(secs => %(gap_s)s)
where source = 'redis' and epoch = %(epoch)s
returning source, epoch, %(gap_s)s::float8 as starts_in_s

-- forget_slots
-- A new epoch of PostgreSQL's: no slot of an earlier one may be used any more.
delete from pace_slots

-- hand_to_redis
-- Once PostgreSQL has had its turn, and every dialer that lives has lately heard from Redis.
update pace_authority
set source = 'redis', epoch = epoch + 1, starts_at = clock_timestamp() + make_interval(secs => %(gap_s)s)
where source = 'postgres'
  and starts_at < clock_timestamp() - make_interval(secs => %(held_s)s)
  and not exists (
      select from dialers
      where heartbeat_at > clock_timestamp() - make_interval(secs => %(alive_s)s)
        and (redis_seen_at is null or redis_seen_at < clock_timestamp() - make_interval(secs => %(seen_s)s))
  )
returning source, epoch, %(gap_s)s::float8 as starts_in_s

-- read_slots
-- The time, the time from which this epoch's slots may start, and the next free slot of each pace asked
-- for, in microseconds; a statement of its own, so that the clock is read once the turn has come.
select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now_us,
       (extract(epoch from a.starts_at) * 1000000)::bigint as opens_us,
       array(
           select coalesce((extract(epoch from s.next_slot_at) * 1000000)::bigint, 0)
           from unnest(%(keys)s::text[]) with ordinality k(key, place)
           left join pace_slots s on s.key = k.key
           order by k.place
       ) as next_us
from pace_authority a

-- write_slots
-- The next free slots after a reservation.
insert into pace_slots (key, next_slot_at)
select key, timestamptz 'epoch' + next_us * interval '1 microsecond'
from unnest(%(keys)s::text[], %(next_us)s::bigint[]) given(key, next_us)
on conflict (key) do update set next_slot_at = excluded.next_slot_at
