-- Contacts whose windows open and close together. A number that may stand in several zones is open only
-- while all of them are.
create table areas (
    id int primary key generated always as identity,
    zones text[] not null unique check (cardinality(zones) > 0)
);

create table contacts (
    id uuid primary key default gen_random_uuid(),
    campaign_id uuid not null references campaigns on delete cascade,
    seq bigint not null generated always as identity,
    phone text not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    area_id int not null references areas,
    planned_hour smallint check (planned_hour between 0 and 23),
    metadata jsonb not null default '{}',
    -- in_progress is never stored: a contact is in progress while it stands in one of the tables below.
    status text not null default 'pending' check (
        status in ('pending', 'completed', 'failed', 'blacklisted')
    ),
    failure_reason text,
    attempts int not null default 0 check (attempts >= 0),
    originates int not null default 0,
    max_attempts int not null,
    last_disposition text,
    created_at timestamptz not null default now(),
    constraint one_contact_per_number unique (campaign_id, phone),
    constraint attempts_never_exceed_the_maximum check (attempts <= max_attempts),
    constraint attempts_are_originates check (attempts <= originates)
) with (fillfactor = 85);

create index contacts_by_phone on contacts (phone);

-- The primary key is the order in which contacts are claimed.
create table ready_contacts (
    campaign_id uuid not null references campaigns on delete cascade,
    area_id int not null,
    bucket smallint not null check (bucket between 0 and 24),
    seq bigint not null,
    contact_id uuid not null,
    phone text not null,
    primary key (campaign_id, area_id, bucket, seq)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);

-- Outbox and lease in one: claimed for a dial task that is not yet begun.
create table dispatched_contacts (
    contact_id uuid primary key references contacts on delete cascade,
    campaign_id uuid not null references campaigns on delete cascade,
    area_id int not null,
    bucket smallint not null,
    seq bigint not null,
    phone text not null,
    claim_id uuid not null unique default gen_random_uuid(),
    claimed_at timestamptz not null,
    sent_at timestamptz,
    not_after timestamptz
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);

create index dispatched_contacts_by_campaign on dispatched_contacts (campaign_id, claimed_at);

create table waiting_contacts (
    contact_id uuid primary key references contacts on delete cascade,
    campaign_id uuid not null references campaigns on delete cascade,
    area_id int not null,
    bucket smallint not null,
    seq bigint not null,
    phone text not null,
    due_at timestamptz not null
);

create index waiting_contacts_by_due on waiting_contacts (campaign_id, due_at);
