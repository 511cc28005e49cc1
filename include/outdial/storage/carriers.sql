-- note_opened
-- A gateway has opened this carrier; what its pace has given out holds on.
insert into carriers (name, parts_per_second, rank, seen_at, next_at)
values (%(name)s, %(parts_per_second)s, %(rank)s, %(now)s, %(now)s)
on conflict (name) do update
set parts_per_second = excluded.parts_per_second, rank = excluded.rank, seen_at = excluded.seen_at

-- renew
-- Gateways live that have links to these carriers.
update carriers set seen_at = greatest(seen_at, %(now)s) where name = any(%(names)s)

-- read
-- The carrier of this name, or the one of campaigns that name none.
select name, parts_per_second, seen_at from carriers
where name = %(name)s or %(name)s::text is null
order by rank, seen_at desc
limit 1

-- take_slots
-- Room for so many parts: when the first of them may go. Whoever comes late loses what passed meanwhile.
update carriers
set next_at = greatest(next_at, %(now)s) + %(parts)s / parts_per_second * interval '1 second'
where name = %(name)s
returning next_at - %(parts)s / parts_per_second * interval '1 second' as starts_at
