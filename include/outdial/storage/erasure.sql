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

-- is_being_texted
-- Whether a text to the number is under way: with a gateway or its carrier, or waiting for its receipt.
select exists (select from live_texts where phone = %(number)s)
    or exists (select from sms_records where phone = %(number)s and state = 'submitting') as under_way

-- drop_queued
-- Texts to the number that no gateway has begun.
delete from sms_records where phone = %(number)s and state = 'queued'

-- erase_texts
-- Texts and replies keep what reports count and lose who they went to, what they said and where their links
-- led. An id that was made of a reply would tell its number to whoever tries them all. Nobody need read what
-- a person wrote who is never called or texted again.
with records as (
    update sms_records
    set phone = 'erased:' || replace(coalesce(contact_id, id)::text, '-', ''), body = '', carrier_said = null
    where phone = %(number)s
    returning id
), receipts as (
    update sms_receipts r set said = '' from records t where r.record_id = t.id and r.said <> ''
), links as (
    update sms_links l set url = 'https://erased.invalid/', expires_at = least(l.expires_at, %(now)s)
    from records t
    where l.record_id = t.id
    returning l.id
), visits as (
    update sms_link_visits v set agent = '' from links l where v.link_id = l.id and v.agent <> ''
), replies as (
    update sms_replies
    set phone = 'erased:' || id, message_id = 'erased:' || id, body = '', found = '',
        settled_at = case when meaning = 'unclear' then coalesce(settled_at, %(now)s) end,
        settled_by = case when meaning = 'unclear' then coalesce(settled_by, %(by_whom)s) end,
        settled_as = case when meaning = 'unclear' then coalesce(settled_as, 'stop') end
    where phone = %(number)s
    returning id
)
select (select count(*) from records) as texts, (select count(*) from replies) as replies

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
