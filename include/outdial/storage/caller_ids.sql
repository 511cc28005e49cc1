-- read_uses
-- Of each limited caller id: how often it was used so far, when last, and for each of its limits the use that
-- the next one must leave behind.
select w.number, coalesce(c.uses, 0) as uses, c.last_used_at,
       array(select (select u.used_at from caller_id_uses u
                     where u.number = c.number and u.n = c.uses - l.uses::bigint + 1)
             from jsonb_array_elements_text(w.limits) with ordinality as l (uses, place)
             order by l.place) as earlier
from jsonb_to_recordset(%(wanted)s) as w (number text, limits jsonb)
left join caller_ids c on c.number = w.number

-- take_use
-- Use a caller id once more, if nobody used it since its uses were read; uses no limit asks for any more go.
with taken as (
    insert into caller_ids as c (number, uses, last_used_at)
    values (%(number)s, 1, %(now)s)
    on conflict (number) do update
    set uses = c.uses + 1, last_used_at = greatest(c.last_used_at, excluded.last_used_at)
    where c.uses = %(uses)s
    returning number, uses
), forgotten as (
    delete from caller_id_uses
    where number = %(number)s and n in (
        select oldest.n
        from (select u.n, u.used_at from caller_id_uses u
              where u.number = %(number)s order by u.n limit 2) oldest
        where oldest.used_at < %(now)s - interval '24 hours')
)
insert into caller_id_uses (number, n, used_at)
select number, uses, %(now)s from taken
returning n

-- note_use
-- Count a use by a campaign that sets no limit; nothing is written while no other campaign has set one.
with used as (
    update caller_ids c
    set uses = c.uses + 1, last_used_at = greatest(c.last_used_at, %(now)s)
    where c.number = %(number)s
    returning c.number, c.uses
)
insert into caller_id_uses (number, n, used_at)
select number, uses, %(now)s from used
