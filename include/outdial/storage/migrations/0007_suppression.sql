-- Lists that others keep and publish, as national registries are; ours are copies, each drawn on a date.
create table registries (
    name text primary key check (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(name) <= 60),
    -- Null until a whole copy is in.
    as_of date,
    imported_at timestamptz,
    imported_by text,
    numbers bigint not null default 0
);

-- A registry's numbers hold for the campaigns that require it.
alter table blacklist add column registry text references registries;
alter table blacklist add constraint one_scope check (registry is null or campaign_id is null);
alter table blacklist drop constraint listed_once_per_scope;
alter table blacklist add constraint listed_once_per_scope
    unique nulls not distinct (number, is_prefix, campaign_id, registry);

-- What was done to the lists, by whom: never changed, but that erasure takes the number out.
create table blacklist_history (
    id bigint primary key generated always as identity,
    at timestamptz not null,
    action text not null check (action in ('listed', 'renewed', 'unlisted', 'erased')),
    number text,
    is_prefix boolean not null,
    -- No reference: what was done to a list outlives its campaign.
    campaign_id uuid,
    registry text,
    reason text,
    source text,
    by_whom text not null,
    until timestamptz
);

create index blacklist_history_by_number on blacklist_history (number, at);

create function keep_history() returns trigger
language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.number is null and old.number is not null
       and to_jsonb(new) - 'number' = to_jsonb(old) - 'number' then
        return new;
    end if;
    raise exception 'blacklist_history is append-only';
end $$;

create trigger history_is_append_only before update or delete on blacklist_history
for each row execute function keep_history();
create trigger history_is_not_truncated before truncate on blacklist_history
for each statement execute function keep_history();

-- Numbers whose owners had everything about them erased: known again by their digest, and never called.
create table erased_numbers (
    digest bytea primary key,
    erased_at timestamptz not null,
    erased_by text not null
);

-- Without the salt a table of all numbers would undo the digests.
create table digest_salt (
    only_row boolean primary key default true check (only_row),
    salt bytea not null
);

insert into digest_salt (salt) values (
    decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')
);

create function number_digest(phone text) returns bytea
language sql stable parallel safe
return sha256((select salt from digest_salt) || convert_to(phone, 'UTF8'));

alter table contacts drop constraint contacts_phone_check;
alter table contacts add constraint contacts_phone_check
    check (phone ~ '^\+[1-9][0-9]{6,14}$' or phone ~ '^erased:[0-9a-f]{8,}$');

-- The one rule of what "listed" means; every statement that asks, asks this: until when a number may not
-- be called, 'infinity' for good, null where it may. A prefix of E.164 is one of at most fifteen.
create function listed_until(phone text, campaign uuid, at timestamptz) returns timestamptz
language sql stable parallel safe
return greatest(
    (select max(coalesce(b.until, 'infinity'))
     from blacklist b
     where ((b.number = phone and not b.is_prefix)
            or (b.is_prefix and b.number = any(
                select left(phone, length) from generate_series(2, length(phone)) length)))
       and (b.until is null or b.until > at)
       and (b.campaign_id is null or b.campaign_id = campaign)
       and (b.registry is null or exists (
            select from campaigns c
            where c.id = campaign and c.config -> 'registries' @> jsonb_build_array(
                jsonb_build_object('name', b.registry))))),
    (select timestamptz 'infinity' from erased_numbers e where e.digest = number_digest(phone))
);

drop function is_listed(text, uuid, timestamptz);
create function is_listed(phone text, campaign uuid, at timestamptz) returns boolean
language sql stable parallel safe
return listed_until(phone, campaign, at) is not null;

-- Whether every registry a campaign requires is here in a copy no older than its limit, by the day in UTC.
create function registries_are_fresh(campaign uuid, at timestamptz) returns boolean
language sql stable parallel safe
return not exists (
    select from campaigns c
    cross join jsonb_to_recordset(coalesce(c.config -> 'registries', '[]')) as r (name text, "maxAgeDays" int)
    where c.id = campaign and not exists (
        select from registries g
        where g.name = r.name and g.as_of + r."maxAgeDays" >= (at at time zone 'UTC')::date)
);
