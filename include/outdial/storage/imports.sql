-- unfinished
-- The import of this file into this campaign that somebody began and nobody ended; waits for a batch of it
-- that is just being committed.
select * from imports
where campaign_id = %(campaign_id)s and fingerprint = %(fingerprint)s and kind = 'file' and finished_at is null
for update

-- begin
-- A new line of the ledger.
insert into imports (campaign_id, kind, source, fingerprint, mapping, started_at, updated_at)
values (%(campaign_id)s, %(kind)s, %(source)s, %(fingerprint)s, %(mapping)s, %(now)s, %(now)s)
returning *

-- drop
-- Forget an import, as if it had never begun; its contacts stay.
delete from imports where id = %(import_id)s

-- advance
-- A batch is in: only where nobody else has gone on with the import since.
update imports
set rows = rows + %(rows)s, imported = imported + %(imported)s, duplicates = duplicates + %(duplicates)s,
    rejected = rejected + %(rejected)s, warnings = warnings + %(warnings)s, oddities = %(oddities)s,
    updated_at = %(now)s
where id = %(import_id)s and rows = %(rows_before)s and finished_at is null
returning id

-- keep_rejects
-- The rejected rows of a batch.
insert into import_rejects (import_id, row_number, reason, cells)
select %(import_id)s, g.row_number, g.reason, array(select jsonb_array_elements_text(g.cells))
from jsonb_to_recordset(%(rejects)s) as g (row_number bigint, reason text, cells jsonb)

-- read_rejects
-- The next rejected rows after one, in the order of the list.
select row_number, reason, cells from import_rejects
where import_id = %(import_id)s and row_number > %(after)s
order by row_number
limit %(n)s

-- finish
-- The import is whole and its rejects are written.
with gone as (
    delete from import_rejects where import_id = %(import_id)s
)
update imports set finished_at = %(now)s, updated_at = %(now)s where id = %(import_id)s

-- note_sourced
-- The query lists these numbers; who was withdrawn and is back stands ready again, or waits until due.
with seen as (
    select c.id, c.failure_reason, s.due_at
    from contacts c
    left join sourced_contacts s on s.contact_id = c.id
    where c.campaign_id = %(campaign_id)s and c.phone = any(%(phones)s)
), noted as (
    insert into sourced_contacts (contact_id, campaign_id, import_id)
    select id, %(campaign_id)s, %(import_id)s from seen
    on conflict (contact_id) do update set import_id = excluded.import_id, due_at = null
), back as (
    update contacts c
    set status = case when c.originates = 0 then 'pending' else 'failed' end, failure_reason = null
    from seen
    where c.id = seen.id and seen.failure_reason = 'withdrawn' and c.attempts < c.max_attempts
    returning c.id, c.channel, c.area_id, coalesce(c.planned_hour, %(bucket)s) as bucket, c.seq, c.phone, seen.due_at
), ready as (
    insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
    select %(campaign_id)s, channel, area_id, bucket, seq, id, phone from back where due_at is null
), waiting as (
    insert into waiting_contacts (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)
    select id, %(campaign_id)s, channel, area_id, bucket, seq, phone, due_at from back where due_at is not null
)
select count(*) as restored from back

-- hold
-- This reading of a query, where no later one has taken its place; none does until the transaction ends.
select id from imports where id = %(import_id)s and finished_at is null for update

-- missing
-- The next of those that stood in the campaign's query before this reading, and no longer do.
select import_id, contact_id from sourced_contacts
where campaign_id = %(campaign_id)s and import_id <> %(import_id)s
  and (import_id, contact_id) > (%(after_import_id)s, %(after_contact_id)s)
order by import_id, contact_id
limit %(n)s

-- withdraw
-- Contacts that left the query stand nowhere any more. Those in progress, and what somebody else holds at
-- this moment, are left to the next reading; those that are done stay as they are.
with gone as materialized (
    select c.id, c.campaign_id, c.area_id, c.seq from contacts c where c.id = any(%(contact_ids)s)
), standing as (
    select r.ctid as place
    from gone g
    join ready_contacts r on r.campaign_id = g.campaign_id and r.area_id = g.area_id and r.seq = g.seq
     and r.channel = any('{voice,sms}')
     and r.bucket = any('{0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24}')
    join contacts c on c.id = g.id
    for update of r, c skip locked
), waiting as (
    select w.contact_id
    from gone g
    join waiting_contacts w on w.contact_id = g.id
    join contacts c on c.id = g.id
    for update of w, c skip locked
), unready as (
    delete from ready_contacts r using standing s where r.ctid = s.place returning r.contact_id
), unwaiting as (
    delete from waiting_contacts w using waiting where w.contact_id = waiting.contact_id
    returning w.contact_id, w.due_at
), remembered as (
    update sourced_contacts s set due_at = u.due_at from unwaiting u where s.contact_id = u.contact_id
), withdrawn as (
    update contacts set status = 'failed', failure_reason = 'withdrawn'
    where id in (select contact_id from unready union all select contact_id from unwaiting)
    returning id
)
select count(*) as withdrawn from withdrawn

-- supersede
-- A query is read from its start each time: an earlier reading that was interrupted is over.
with over as (
    update imports set finished_at = %(now)s
    where campaign_id = %(campaign_id)s and kind = 'query' and finished_at is null
    returning id
)
delete from import_rejects r using over where r.import_id = over.id

-- sources
-- Campaigns whose people a query lists, and which still call.
select id, slug from campaigns
where jsonb_typeof(config -> 'contactSource') = 'object' and status not in ('completed', 'cancelled')
order by slug
