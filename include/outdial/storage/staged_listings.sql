-- open
-- Tables of this session's own, in which a file is gathered before anything of it holds.
create temp table staged_listings (
    number text not null, is_prefix boolean not null, reason text, source text, listed_by text,
    until timestamptz
);
create temp table to_list (
    n bigint primary key, number text not null, is_prefix boolean not null, reason text not null,
    source text not null, listed_by text not null, until timestamptz
);
create temp table to_unlist (n bigint primary key, number text not null)

-- close
-- The session goes back to where it came from.
drop table if exists staged_listings, to_list, to_unlist

-- copy
-- One batch of the file.
copy staged_listings (number, is_prefix, reason, source, listed_by, until) from stdin

-- have_time
-- Comparing millions takes longer than a statement usually may, and memory to do it in one pass.
select set_config('statement_timeout', '600000', true), set_config('work_mem', '128MB', true)

-- drop_erased
-- Numbers whose owners had their data erased are not written down again; they are listed all the same.
delete from staged_listings s
where exists (select from erased_numbers)
  and not s.is_prefix and number_digest(s.number) in (select digest from erased_numbers)

-- compare_new
-- What the file has and the list has not, or not for so long; each once, under its latest end.
insert into to_list
select row_number() over (), s.*
from (
    select distinct on (g.number, g.is_prefix)
           g.number, g.is_prefix, coalesce(g.reason, %(reason)s), coalesce(g.source, %(source)s),
           coalesce(g.listed_by, %(listed_by)s), g.until
    from staged_listings g
    left join blacklist b on b.number = g.number and b.is_prefix = g.is_prefix
     and b.campaign_id is not distinct from %(campaign_id)s and b.registry is not distinct from %(registry)s
    where b.id is null or b.until < coalesce(g.until, 'infinity')
    order by g.number, g.is_prefix, g.until desc nulls first
) s

-- compare_gone
-- What the list has and the file has not.
insert into to_unlist
select row_number() over (), b.number
from blacklist b
where b.registry = %(registry)s and not b.is_prefix
  and not exists (select from staged_listings g where g.number = b.number and not g.is_prefix)

-- count
-- How many different entries the file has, how many of them are new, and how many of the list are gone.
select (select count(*) from (select distinct number, is_prefix from staged_listings) s) as entries,
       (select count(*) from to_list) as to_list,
       (select count(*) from to_unlist) as to_unlist

-- given
-- Some of what is to be listed; numbers erased since they were gathered stay out.
with given as (
    select number, is_prefix, %(campaign_id)s::uuid as campaign_id, %(registry)s::text as registry,
           reason, source, listed_by, until
    from to_list
    where n > %(after)s and n <= %(upto)s
      and (is_prefix or not exists (select from erased_numbers)
           or not exists (select from erased_numbers e where e.digest = number_digest(number)))
)

-- gone
-- Some of what is to be unlisted.
select number from to_unlist where n > %(after)s and n <= %(upto)s

-- prefixes
-- The prefixes of the file.
select distinct number from staged_listings where is_prefix

-- standing
-- Numbers of the file that stand ready or wait in some campaign.
select r.phone from ready_contacts r
where exists (select from staged_listings s where s.number = r.phone and not s.is_prefix)
union
select w.phone from waiting_contacts w
where exists (select from staged_listings s where s.number = w.phone and not s.is_prefix)
