-- read
-- Every registry and the date of its copy.
select name, as_of, imported_at, imported_by, numbers from registries order by name

-- begin
-- A registry before its first copy.
insert into registries (name) values (%(name)s) on conflict (name) do nothing

-- hold_import
-- One import of a registry at a time, for as long as this session lives.
select pg_try_advisory_lock(%(lock)s, hashtext(%(name)s)) as held

-- end_import
-- Another import may begin.
select pg_advisory_unlock(%(lock)s, hashtext(%(name)s))

-- finish
-- The whole copy is in.
update registries
set as_of = %(as_of)s, imported_at = %(now)s, imported_by = %(by_whom)s,
    numbers = (select count(*) from blacklist where registry = %(name)s)
where name = %(name)s
