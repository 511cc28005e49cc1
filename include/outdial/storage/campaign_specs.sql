-- read
-- What shapes each campaign's DAG, as text and JSON; nothing here fails on a row that is wrong.
select slug,
       jsonb_build_object(
           'id', id,
           'slug', slug,
           'name', name,
           'type', type,
           'timezone', timezone,
           'startTime', start_time,
           'endTime', end_time,
           'schedule', schedule,
           'createdAt', created_at,
           'callingWindows', config -> 'callingWindows',
           'jurisdictions', coalesce(config -> 'jurisdictions', '"auto"'),
           'maxConcurrentCalls', config -> 'maxConcurrentCalls',
           'maxAttemptsPerContact', config -> 'maxAttemptsPerContact'
       ) as spec
from campaigns
order by slug
