-- Which trunk each call in progress is on: the ceiling of a trunk counts the calls of all campaigns.
alter table live_calls add column trunk text;
update live_calls l set trunk = r.trunk from call_records r where r.call_id = l.call_id;
alter table live_calls alter column trunk set not null;

create index live_calls_by_trunk on live_calls (trunk);

-- Caller ids that somewhere have a CPS or a cap: how often each was used so far, by all campaigns.
create table caller_ids (
    number text primary key check (number ~ '^\+[1-9][0-9]{6,14}$'),
    uses bigint not null check (uses > 0),
    last_used_at timestamptz not null
) with (fillfactor = 50);

-- The uses of the last 24 hours, numbered as they came: a single row tells whether one more is within "so many
-- in so long", however many there are.
create table caller_id_uses (
    number text not null,
    n bigint not null,
    used_at timestamptz not null,
    primary key (number, n)
);
