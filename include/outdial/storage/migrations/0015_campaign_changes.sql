-- Every change of a campaign's status: when, from what to what, by whom and which way.
create table campaign_changes (
    id bigint primary key generated always as identity,
    -- No reference: what was done to a campaign outlives it.
    campaign_id uuid not null,
    at timestamptz not null,
    before text not null,
    after text not null check (after <> before),
    -- A person, or Airflow's run.
    changed_by text not null check (changed_by <> ''),
    way text not null check (way in ('command line', 'console', 'airflow'))
);

create index campaign_changes_by_campaign on campaign_changes (campaign_id, id);

create function keep_campaign_changes() returns trigger
language plpgsql as $$
begin
    raise exception 'campaign_changes is append-only';
end $$;

create trigger changes_are_append_only before update or delete on campaign_changes
for each row execute function keep_campaign_changes();
create trigger changes_are_not_truncated before truncate on campaign_changes
for each statement execute function keep_campaign_changes();
