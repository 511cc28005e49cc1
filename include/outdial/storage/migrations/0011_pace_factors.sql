-- The share of its CPS that each pace (all, campaign:…, trunk:…) may use at the moment; without a row, all of
-- it. The controller writes `adaptive`, an operator `held`; the lower of the two is in force.
create table pace_factors (
    key text primary key check (key = 'all' or key ~ '^(campaign|trunk):.'),
    adaptive double precision not null default 1 check (adaptive > 0 and adaptive <= 1),
    since timestamptz not null,
    reason text not null,
    held double precision check (held > 0 and held <= 1),
    held_since timestamptz,
    held_by text,
    held_because text,
    factor double precision generated always as (least(adaptive, held)) stored,
    check (num_nulls(held, held_since, held_by, held_because) in (0, 4))
);

-- Every change of a factor in force or of a hold, and why; rows are only added.
create table pace_changes (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    key text not null,
    before double precision not null,
    after double precision not null,
    reason text not null,
    figures jsonb not null default '{}',
    -- The operator, or null for the controller.
    changed_by text
);

create index pace_changes_by_time on pace_changes (at desc, id desc);
create index pace_changes_by_key on pace_changes (key, id desc);

-- What the controller last saw: the dialer that leads writes here at each look.
create table pace_watch (
    only_row boolean primary key default true check (only_row),
    looked_at timestamptz not null,
    -- Of the telephony host, 0 to 1, and when that was learnt; null where no metrics are read.
    cpu_share double precision,
    cpu_read_at timestamptz,
    -- Asterisk's answer to a ping, the median of the last ones.
    ping_s double precision,
    -- Figures that cannot be had at the moment, each in a sentence.
    problems text[] not null default '{}'
);
