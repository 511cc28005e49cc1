-- register
-- A dialer says that it is there. Silence is judged by the database's clock, the one all dialers share.
insert into dialers (id, host, pid, version, started_at, heartbeat_at)
values (%(dialer_id)s, %(host)s, %(pid)s, %(version)s, clock_timestamp(), clock_timestamp())

-- heartbeat
-- Still there, and when it last heard from Redis.
update dialers
set heartbeat_at = clock_timestamp(), draining = %(draining)s,
    redis_seen_at = clock_timestamp() - make_interval(secs => %(redis_seen_ago_s)s)
where id = %(dialer_id)s
returning id

-- unregister
-- A dialer that has ended; one that left calls behind stays until they are recovered.
delete from dialers d
where d.id = %(dialer_id)s and not exists (select from live_calls l where l.dialer_id = d.id)
returning id

-- find_silent
-- Dialers whose heartbeat stopped: dead, or frozen and soon to find out.
select id from dialers
where heartbeat_at < clock_timestamp() - make_interval(secs => %(silent_s)s)
order by id

-- calls_of
-- Calls in progress of one dialer, begun at least so long ago.
select call_id from live_calls
where dialer_id = %(dialer_id)s and begun_at < clock_timestamp() - make_interval(secs => %(older_than_s)s)
order by begun_at
