-- As before, but that the time to ask does not grow with the number of prefixes: numbers and prefixes are
-- looked up each by its own index, the prefixes of a number being at most fourteen.
create or replace function listed_until(phone text, campaign uuid, at timestamptz) returns timestamptz
language sql stable parallel safe
return greatest(
    (select max(coalesce(b.until, 'infinity'))
     from (
        select x.until, x.campaign_id, x.registry from blacklist x
        where x.number = phone and not x.is_prefix
        union all
        select x.until, x.campaign_id, x.registry from blacklist x
        where x.is_prefix and x.number = any(array(
            select left(phone, length) from generate_series(2, length(phone)) length))
     ) b
     where (b.until is null or b.until > at)
       and (b.campaign_id is null or b.campaign_id = campaign)
       and (b.registry is null or exists (
            select from campaigns c
            where c.id = campaign and c.config -> 'registries' @> jsonb_build_array(
                jsonb_build_object('name', b.registry))))),
    (select timestamptz 'infinity' from erased_numbers e where e.digest = number_digest(phone))
);
