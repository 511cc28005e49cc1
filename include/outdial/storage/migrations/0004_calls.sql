create table dialers (
    id uuid primary key,
    host text not null,
    pid int not null,
    version text not null,
    started_at timestamptz not null,
    heartbeat_at timestamptz not null,
    -- When this dialer last had an answer from Redis: the pace returns to Redis when all live ones have.
    redis_seen_at timestamptz,
    draining boolean not null default false
);

-- One row per originate, keyed by contact and attempt number: one attempt means at most one originate.
create table call_records (
    contact_id uuid not null references contacts on delete cascade,
    attempt_no int not null check (attempt_no > 0),
    campaign_id uuid not null references campaigns on delete cascade,
    call_id text not null unique,
    phone text not null,
    dialer_id uuid not null,
    trunk text not null,
    caller_id text,
    begun_at timestamptz not null,
    ringing_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    disposition text check (
        disposition in ('answered', 'busy', 'no_answer', 'machine', 'invalid_number', 'rejected',
                        'congestion', 'trunk_down', 'cancelled', 'refused', 'unknown')
    ),
    counted boolean,
    hangup_cause int,
    tech_cause text,
    converted boolean not null default false,
    opted_out boolean not null default false,
    -- Nodes walked and keys pressed, in order.
    ivr_path jsonb not null default '[]',
    -- What became known only after settlement; never changes the disposition.
    annotation text,
    primary key (contact_id, attempt_no),
    constraint settled_calls_have_an_end check ((disposition is null) = (ended_at is null)),
    constraint settled_calls_say_whether_they_count check ((disposition is null) = (counted is null))
);

create index call_records_by_campaign on call_records (campaign_id, begun_at);

-- Calls between begin and settlement. The primary key is the rule that no number is on two calls at once.
create table live_calls (
    phone text primary key,
    call_id text not null unique references call_records (call_id) on delete cascade,
    contact_id uuid not null unique references contacts on delete cascade,
    attempt_no int not null,
    campaign_id uuid not null references campaigns on delete cascade,
    area_id int not null,
    bucket smallint not null,
    seq bigint not null,
    dialer_id uuid not null references dialers,
    begun_at timestamptz not null
);

create index live_calls_by_campaign on live_calls (campaign_id);
create index live_calls_by_dialer on live_calls (dialer_id);

-- A contact in progress stands in exactly one of these. One that failed without a final reason will be
-- tried again, whether its time has come or not.
create view contact_states as
select c.id as contact_id,
       c.campaign_id,
       case when place.in_progress then 'in_progress' else c.status end as status,
       c.status = 'failed' and c.failure_reason is null and not place.in_progress as is_waiting,
       c.attempts,
       c.failure_reason
from contacts c
left join dispatched_contacts d on d.contact_id = c.id
left join live_calls l on l.contact_id = c.id
cross join lateral (
    select d.contact_id is not null or l.contact_id is not null as in_progress
) place;
