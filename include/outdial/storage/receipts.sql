-- lock
-- Held while receipts of unknown texts are kept: none of them becomes known meanwhile.
select pg_advisory_xact_lock(%(lock)s)

-- lock_shared
-- Held from before waiting receipts are looked for until the ids they wait for are committed.
select pg_advisory_xact_lock_shared(%(lock)s)

-- match
-- The text each receipt is about: the one it names, or the latest the carrier gave this id to.
select coalesce(named.id, known.record_id) as record_id
from unnest(%(carriers)s::text[], %(message_ids)s::text[], %(references)s::uuid[])
     with ordinality as g (carrier, message_id, reference, place)
left join sms_records named on named.id = g.reference and named.carrier = g.carrier
left join lateral (
    select p.record_id
    from sms_parts p
    join sms_records t on t.id = p.record_id
    where named.id is null and p.carrier = g.carrier and p.message_id = g.message_id
      and t.begun_at > %(since)s
    order by t.begun_at desc, t.id
    limit 1
) known on true
order by g.place

-- hold_records
-- Nobody else judges these texts until the transaction ends; in the same order everywhere.
select id from sms_records where id = any(%(record_ids)s) order by id for no key update

-- keep
-- Keep receipts; one that comes again counts only how often. Whatever came first, the same stays: the earliest
-- report, and of several reasons one that says more than `other`.
insert into sms_receipts as r
    (carrier, message_id, state, record_id, failure, said, reported_at, received_at, times)
select g.carrier, g.message_id, g.state, g.record_id,
       coalesce(min(nullif(g.failure, 'other')), min(g.failure)), coalesce(min(nullif(g.said, '')), ''),
       min(g.reported_at), %(now)s, count(*)
from unnest(%(carriers)s::text[], %(message_ids)s::text[], %(states)s::text[], %(record_ids)s::uuid[],
            %(failures)s::text[], %(said)s::text[], %(reported_at)s::timestamptz[])
     as g (carrier, message_id, state, record_id, failure, said, reported_at)
group by 1, 2, 3, 4
on conflict on constraint one_receipt_of_each_state do update
set times = r.times + excluded.times,
    reported_at = least(r.reported_at, excluded.reported_at),
    received_at = least(r.received_at, excluded.received_at),
    failure = coalesce(least(nullif(r.failure, 'other'), nullif(excluded.failure, 'other')),
                       r.failure, excluded.failure),
    said = coalesce(least(nullif(r.said, ''), nullif(excluded.said, '')), '')

-- name_parts
-- The ids under which receipts speak of texts that they name.
insert into sms_parts (carrier, message_id, record_id, part_no)
select distinct g.carrier, g.message_id, g.record_id, 0
from unnest(%(carriers)s::text[], %(message_ids)s::text[], %(record_ids)s::uuid[])
     as g (carrier, message_id, record_id)
on conflict do nothing

-- claim_waiting
-- Receipts that came before the ids of these texts were known. Clocks of two gateways may differ a little;
-- what came long before the text is about another to which the carrier gave the same id.
update sms_receipts r
set record_id = p.record_id
from sms_parts p
join sms_records t on t.id = p.record_id
where p.record_id = any(%(record_ids)s)
  and r.record_id is null and r.carrier = p.carrier and r.message_id = p.message_id
  and r.received_at > t.begun_at - interval '1 minute'
  and not exists (select from sms_receipts known
                  where known.carrier = r.carrier and known.message_id = r.message_id
                    and known.state = r.state and known.record_id = p.record_id)

-- weigh_parts
-- The heaviest thing that receipts say of each part holds.
update sms_parts p
set state = told.state
from (
    select r.carrier, r.message_id, r.record_id,
           ('{enroute,failed,delivered}'::text[])[max(array_position('{enroute,failed,delivered}', r.state))] as state
    from sms_receipts r
    where r.record_id = any(%(record_ids)s)
    group by r.carrier, r.message_id, r.record_id
) told
where p.carrier = told.carrier and p.message_id = told.message_id and p.record_id = told.record_id
  and array_position('{enroute,failed,delivered}', told.state)
      > array_position('{enroute,failed,delivered}', p.state)

-- judge
-- How texts stand by their parts: undelivered where one failed, delivered where all were. Receipts that name a
-- text by an id of their own speak for it, whatever ids its parts have. Where nobody knows whether the carrier
-- took all of it, it is delivered only when as many parts are. What the gateway still asks for is left to it.
with parts as (
    select p.record_id, count(*) as known, bool_or(p.part_no = 0) as is_named,
           coalesce(bool_or(p.state = 'failed') filter (where p.part_no = 0), bool_or(p.state = 'failed'))
               as has_failed,
           coalesce(bool_and(p.state = 'delivered') filter (where p.part_no = 0),
                    bool_and(p.state = 'delivered')) as is_delivered
    from sms_parts p
    where p.record_id = any(%(record_ids)s)
    group by p.record_id
), reports as (
    select r.record_id,
           max(least(r.reported_at, r.received_at)) filter (where r.state = 'delivered') as delivered_at,
           min(least(r.reported_at, r.received_at)) filter (where r.state = 'failed') as failed_at,
           coalesce(min(nullif(r.failure, 'other')), 'other') as failure,
           min(nullif(r.said, '')) filter (where r.state = 'failed') as said
    from sms_receipts r
    join sms_parts p on p.carrier = r.carrier and p.message_id = r.message_id and p.record_id = r.record_id
     and p.state = r.state
    where r.record_id = any(%(record_ids)s)
    group by r.record_id
), judged as (
    select t.id, t.state as was, t.begun_at, v.state, r.delivered_at, r.failed_at, r.failure, r.said
    from sms_records t
    join parts p on p.record_id = t.id
    join reports r on r.record_id = t.id
    cross join lateral (
        select case when p.has_failed then 'undelivered'
                    when p.is_delivered and (t.sent_at is not null or p.is_named or p.known >= t.parts)
                        then 'delivered'
                    when t.sent_at is not null or p.is_named then 'sent'
                    else 'unknown' end as state
    ) v
    where t.state in ('sent', 'delivered', 'undelivered', 'unknown')
)
update sms_records t
set state = j.state,
    failure = case when j.state = 'undelivered' then j.failure when j.state = j.was then t.failure end,
    carrier_said = case when j.state = 'undelivered' then j.said when j.state = j.was then t.carrier_said end,
    delivered_at = case j.state when 'delivered' then greatest(j.delivered_at, j.begun_at) end,
    ended_at = case when j.state = 'delivered' then greatest(j.delivered_at, j.begun_at)
                    when j.state = 'undelivered' then greatest(j.failed_at, j.begun_at)
                    when j.state = j.was then t.ended_at end
from judged j
where t.id = j.id
returning t.id, j.was, t.state, t.failure, t.ended_at
