create table blacklist (
    id bigint primary key generated always as identity,
    number text not null check (number ~ '^\+[1-9][0-9]{0,14}$'),
    is_prefix boolean not null default false,
    -- Null is everywhere; else the list of one campaign.
    campaign_id uuid references campaigns on delete cascade,
    reason text not null,
    source text not null,
    listed_by text not null,
    listed_at timestamptz not null,
    until timestamptz,
    constraint listed_once_per_scope unique nulls not distinct (number, is_prefix, campaign_id)
);

create index blacklisted_prefixes on blacklist (number) where is_prefix;

-- The one rule of what "listed" means; every statement that asks, asks this.
create function is_listed(phone text, campaign uuid, at timestamptz) returns boolean
language sql stable parallel safe
return exists (
    select from blacklist b
    where b.number = phone and not b.is_prefix
      and (b.campaign_id is null or b.campaign_id = campaign)
      and (b.until is null or b.until > at)
) or exists (
    select from blacklist b
    where b.is_prefix and starts_with(phone, b.number)
      and (b.campaign_id is null or b.campaign_id = campaign)
      and (b.until is null or b.until > at)
);
