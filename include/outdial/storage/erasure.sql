-- lock
-- Held while a number is erased.
select pg_advisory_xact_lock(%(lock)s)

-- lock_shared
-- Held while contacts come in: a number erased meanwhile would come in after it was looked for.
select pg_advisory_xact_lock_shared(%(lock)s)

-- find_erased
-- Those of some numbers that were erased.
select phone from unnest(%(phones)b::text[]) as given (phone)
where exists (select from erased_numbers)
  and exists (select from erased_numbers e where e.digest = number_digest(given.phone))

-- is_on_a_call
-- Whether a call to the number is in progress.
select exists (select from live_calls where phone = %(number)s) as on_a_call

-- remember
-- The number is never called again, and can be told again only by whoever has it in hand.
insert into erased_numbers (digest, erased_at, erased_by)
values (number_digest(%(number)s), %(now)s, %(by_whom)s)
on conflict (digest) do nothing

-- is_erased
-- When the number was erased, and by whom.
select erased_at, erased_by from erased_numbers where digest = number_digest(%(number)s)

-- erase_contacts
-- Contacts keep what reports count and lose what says who they are; who might still have been called is not.
-- Whoever is claimed loses the claim: the dial task on the queue finds none.
with erased as (
    update contacts c
    set phone = 'erased:' || replace(c.id::text, '-', ''), metadata = '{}',
        status = case when place.stands then 'blacklisted' else c.status end,
        failure_reason = case when place.stands then null else c.failure_reason end
    from (
        select p.id,
               exists (select from ready_contacts r where r.campaign_id = p.campaign_id
                       and r.channel = any('{voice,sms}') and r.area_id = p.area_id
                       and r.bucket between 0 and 24 and r.seq = p.seq)
               or exists (select from waiting_contacts w where w.contact_id = p.id)
               or exists (select from dispatched_contacts d where d.contact_id = p.id) as stands
        from contacts p where p.phone = %(number)s
    ) place
    where c.id = place.id
    returning c.id, c.campaign_id, c.area_id, c.seq, c.phone
), unready as (
    delete from ready_contacts r using erased e
    where r.campaign_id = e.campaign_id and r.channel = any('{voice,sms}') and r.area_id = e.area_id
      and r.bucket between 0 and 24 and r.seq = e.seq
), unwaiting as (
    delete from waiting_contacts w using erased e where w.contact_id = e.id
), undispatched as (
    delete from dispatched_contacts d using erased e where d.contact_id = e.id
), recorded as (
    update call_records r
    set phone = e.phone,
        -- Nodes walked stay, keys pressed at them go: they may spell anything.
        ivr_path = (select coalesce(jsonb_agg(split_part(step, '=', 1) order by place), '[]')
                    from jsonb_array_elements_text(r.ivr_path) with ordinality as walked (step, place))
    from erased e
    where r.contact_id = e.id
    returning r.call_id
)
select (select coalesce(jsonb_agg(jsonb_build_array(e.campaign_id, e.id)), '[]') from erased e) as people,
       (select count(*) from recorded) as calls

-- erase_from_lists
-- The number leaves every list; that it did is written down without it.
with gone as (
    delete from blacklist where number = %(number)s and not is_prefix returning *
), recorded as (
    insert into blacklist_history (at, action, is_prefix, campaign_id, registry, by_whom)
    select %(now)s, 'erased', false, campaign_id, registry, %(by_whom)s from gone
    union all
    select %(now)s, 'erased', false, null, null, %(by_whom)s where not exists (select from gone)
)
select count(*) as listings from gone

-- erase_from_history
-- What was done is kept, without the number it was done to.
with erased as (
    update blacklist_history set number = null where number = %(number)s and not is_prefix returning id
)
select count(*) as entries from erased

-- erase_from_imports
-- Rows of lists that were rejected and not yet written to their file, however they write the number: with
-- its country code, with another prefix before it, or as it is dialled at home.
with erased as (
    update import_rejects set cells = '{}'
    where exists (
        select from unnest(cells) cell
        cross join lateral ltrim(regexp_replace(cell, '[.,]0+$|[^0-9]', '', 'g'), '0') as digits
        where length(digits) >= 7
          and (right(digits, length(%(number)s) - 1) = substr(%(number)s, 2)
               or right(%(number)s, length(digits)) = digits))
    returning 1
)
select count(*) as rows from erased
