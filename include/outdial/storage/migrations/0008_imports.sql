-- The ledger of imports: how far each has come, written in the transaction of each batch, so that one that was
-- killed goes on after its last committed row.
create table imports (
    id uuid primary key default gen_random_uuid(),
    campaign_id uuid not null references campaigns on delete cascade,
    kind text not null check (kind in ('file', 'query')),
    -- What a person knows it by: the file's name, or the connection's.
    source text not null,
    -- Digest of the content and of how it is read; another mapping makes another import.
    fingerprint text not null,
    mapping jsonb not null default '{}',
    started_at timestamptz not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    rows bigint not null default 0,
    imported bigint not null default 0,
    duplicates bigint not null default 0,
    rejected bigint not null default 0,
    warnings bigint not null default 0,
    oddities jsonb not null default '{}',
    constraint every_row_is_accounted_for check (rows = imported + duplicates + rejected)
);

create unique index one_import_of_a_file_at_a_time on imports (campaign_id, fingerprint)
where finished_at is null and kind = 'file';

-- Rejected rows until their file is written: gone with the import's end.
create table import_rejects (
    import_id uuid not null references imports on delete cascade,
    row_number bigint not null,
    reason text not null,
    cells text[] not null,
    primary key (import_id, row_number)
);

-- Contacts that a campaign's query listed, and the reading of it that saw them last.
create table sourced_contacts (
    contact_id uuid primary key references contacts on delete cascade,
    campaign_id uuid not null references campaigns on delete cascade,
    import_id uuid not null references imports on delete cascade
);

create index sourced_contacts_by_campaign on sourced_contacts (campaign_id, import_id);
