-- note
-- A campaign's status was changed.
insert into campaign_changes (campaign_id, at, before, after, changed_by, way)
values (%(campaign_id)s, %(at)s, %(before)s, %(after)s, %(changed_by)s, %(way)s)

-- newest
-- The newest changes of a campaign, the last one first.
select at, before, after, changed_by, way from campaign_changes
where campaign_id = %(campaign_id)s
order by id desc
limit %(n)s
