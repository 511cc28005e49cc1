-- Which of the two clocks gives out pace slots. Every slot carries the epoch it was given in, and begin
-- attempt refuses slots of another epoch: a half-lost Redis cannot double the pace.
create table pace_authority (
    only_row boolean primary key default true check (only_row),
    source text not null check (source in ('redis', 'postgres')),
    epoch bigint not null,
    -- Slots of this epoch start no earlier: the last ones of the epoch before may lie up to here.
    starts_at timestamptz not null
);

insert into pace_authority (source, epoch, starts_at) values ('redis', 1, now());

-- The next free instant of each pace (all, campaign:…, trunk:…) while PostgreSQL gives out slots.
create table pace_slots (
    key text primary key,
    next_slot_at timestamptz not null
);
