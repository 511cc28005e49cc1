-- insert
-- A new campaign under the first free slug of its name.
with taken as (
    select slug from campaigns where slug = %(slug)s or slug like %(slug)s || '\_%%'
), free as (
    select %(slug)s || case when n = 1 then '' else '_' || n end as slug
    from generate_series(1, 10000) n
    where %(slug)s || case when n = 1 then '' else '_' || n end not in (select slug from taken)
    order by n
    limit 1
)
insert into campaigns (slug, name, type, status, timezone, start_time, end_time, schedule, config,
                       created_at, updated_at)
select slug, %(name)s, %(type)s, %(status)s, %(timezone)s, %(start_time)s, %(end_time)s, %(schedule)s,
       %(config)s, %(now)s, %(now)s
from free
returning id

-- read
-- One campaign.
select * from campaigns where id = %(campaign_id)s

-- find
-- One campaign by its id or its slug.
select * from campaigns where id::text = %(name)s or slug = %(name)s

-- list_all
-- Every campaign, newest first.
select * from campaigns order by created_at desc, slug

-- lock
-- One campaign, held against changes of its status until the transaction ends.
select * from campaigns where id = %(campaign_id)s for no key update

-- set_status
-- Move a campaign to another status; the lease goes with a status in which nothing may be called.
update campaigns
set status = %(status)s,
    failure_reasons = %(failure_reasons)s,
    run_lease_until = case when %(status)s in ('active', 'paused') then run_lease_until end,
    updated_at = %(now)s
where id = %(campaign_id)s

-- start_run
-- Remember a run of the DAG; the same run started again keeps what it had.
insert into campaign_runs (campaign_id, run_id, started_at, contact_limit)
values (%(campaign_id)s, %(run_id)s, %(now)s, %(contact_limit)s)
on conflict (campaign_id, run_id) do update set finished_at = null, result = null

-- own_run
-- The run that works on the campaign from now on.
update campaigns set run_id = %(run_id)s, updated_at = %(now)s where id = %(campaign_id)s

-- read_run
-- One run.
select * from campaign_runs where campaign_id = %(campaign_id)s and run_id = %(run_id)s

-- count_claimed
-- Charge claims to the run; a trial's limit is a constraint.
update campaign_runs set claimed = claimed + %(claimed)s
where campaign_id = %(campaign_id)s and run_id = %(run_id)s

-- renew_lease
-- Only the run that owns the campaign may renew its lease, and only forwards.
update campaigns
set run_lease_until = greatest(run_lease_until, %(until)s)
where id = %(campaign_id)s and run_id = %(run_id)s and status in ('active', 'paused')
returning run_lease_until

-- end_lease
-- Nothing may begin until the run vouches for the campaign again.
update campaigns set run_lease_until = null
where id = %(campaign_id)s and run_id = %(run_id)s and run_lease_until is not null

-- finish_run
-- A run has ended.
update campaign_runs set finished_at = %(now)s, result = %(result)s
where campaign_id = %(campaign_id)s and run_id = %(run_id)s and finished_at is null
