create table campaigns (
    id uuid primary key default gen_random_uuid(),
    slug text not null unique check (slug ~ '^[a-z0-9]+(_[a-z0-9]+)*$' and length(slug) <= 100),
    name text not null,
    type text not null check (type in ('voice', 'sms', 'hybrid')),
    status text not null default 'draft' check (
        status in ('draft', 'scheduled', 'active', 'paused', 'completed', 'cancelled', 'failed')
    ),
    timezone text not null,
    start_time timestamptz,
    end_time timestamptz,
    schedule text,
    config jsonb not null,
    failure_reasons text[] not null default '{}',
    -- While an Airflow run works on the campaign it renews this; without it no attempt begins.
    run_id text,
    run_lease_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint campaign_ends_after_it_starts check (end_time > start_time)
);

create table campaign_runs (
    campaign_id uuid not null references campaigns on delete cascade,
    run_id text not null,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    result text check (result in ('completed', 'cancelled', 'failed')),
    -- A trial claims at most so many contacts; null is no limit.
    contact_limit int check (contact_limit > 0),
    claimed int not null default 0,
    primary key (campaign_id, run_id),
    constraint trial_stays_within_its_limit check (claimed <= contact_limit)
);

-- What monitor and dispatch write down every minute, as figures of that moment.
create table campaign_progress (
    campaign_id uuid not null references campaigns on delete cascade,
    recorded_at timestamptz not null,
    figures jsonb not null,
    primary key (campaign_id, recorded_at)
);
