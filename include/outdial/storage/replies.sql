-- find_text
-- The text a reply answers: the latest from the number it was sent to, else the latest from any. Carriers write
-- our numbers with and without a plus.
select t.id as record_id, t.contact_id, t.campaign_id, t.sender, t.price_per_part,
       c.metadata, p.config -> 'sms' as settings
from sms_records t
left join contacts c on c.id = t.contact_id
left join campaigns p on p.id = t.campaign_id
where t.phone = %(phone)s and t.begun_at > %(since)s and t.origin <> 'answer'
  and t.state not in ('queued', 'not_taken', 'refused')
order by ltrim(t.sender, '+') = ltrim(%(sent_to)s, '+') desc, t.begun_at desc, t.id
limit 1

-- keep
-- Keep a reply; nothing where it is kept already.
insert into sms_replies
    (carrier, message_id, phone, sent_to, body, received_at, meaning, found, language,
     record_id, contact_id, campaign_id)
values (%(carrier)s, %(message_id)s, %(phone)s, %(sent_to)s, %(body)s, %(received_at)s, %(meaning)s, %(found)s,
        %(language)s, %(record_id)s, %(contact_id)s, %(campaign_id)s)
on conflict (carrier, message_id, phone, md5(body)) do nothing
returning id

-- note_opt_out
-- The text after which somebody wanted no more.
update sms_records set opted_out = true where id = %(record_id)s and not opted_out

-- listing_of
-- What lists a number everywhere, by itself, now.
select source, until from blacklist
where number = %(phone)s and not is_prefix and campaign_id is null and registry is null
  and (until is null or until > %(now)s)

-- listing_before
-- What listed a number everywhere before a reply did, were it in force still: the latest that was no reply's,
-- since the number was last taken off.
select h.reason, h.source, h.by_whom, h.until
from blacklist_history h
where h.number = %(phone)s and not h.is_prefix and h.campaign_id is null and h.registry is null
  and h.action in ('listed', 'renewed') and h.source <> all(%(reply_sources)s)
  and (h.until is null or h.until > %(now)s)
  and not exists (
    select from blacklist_history later
    where later.number = h.number and not later.is_prefix and later.campaign_id is null
      and later.registry is null and later.action = 'unlisted' and later.id > h.id)
order by h.id desc
limit 1

-- stopped_since
-- Whether the same person wrote something later that silences, and that came in before.
select exists (
    select from sms_replies
    where phone = %(phone)s and received_at > %(received_at)s
      and (meaning = 'stop' or settled_as = 'stop' or (meaning = 'unclear' and settled_at is null))
) as stopped

-- helped_since
-- Whether a number was told lately who writes and how to stop.
select exists (
    select from sms_records
    where phone = %(phone)s and begun_at > %(since)s and origin = 'answer' and starts_with(request_id, 'help:')
) as helped

-- queue_text
-- A text for the next gateway that has a moment. Asked for twice it is one.
insert into sms_records
    (request_id, origin, contact_id, campaign_id, phone, sender, carrier, body, encoding, parts, price_per_part,
     begun_at, state)
values (%(request_id)s, %(origin)s, %(contact_id)s, %(campaign_id)s, %(phone)s, %(sender)s, %(carrier)s,
        %(body)s, %(encoding)s, %(parts)s, %(price_per_part)s, %(now)s, 'queued')
on conflict (request_id) do nothing
returning id

-- settle
-- A person has read a reply that was unclear; nothing where one has already.
update sms_replies set settled_at = %(now)s, settled_by = %(by_whom)s, settled_as = %(settled_as)s
where id = %(reply_id)s and meaning = 'unclear' and settled_at is null
returning carrier, sent_to, phone, language, record_id, found

-- settle_all_of
-- Whoever wrote them has said by now what they want.
update sms_replies set settled_at = %(now)s, settled_by = %(by_whom)s, settled_as = %(settled_as)s
where phone = %(phone)s and meaning = 'unclear' and settled_at is null

-- waits_for_a_person
-- Whether any reply from a number is unclear still.
select exists (
    select from sms_replies where phone = %(phone)s and meaning = 'unclear' and settled_at is null
) as waits

-- text_of_record
-- The same of a text that is known.
select t.id as record_id, t.contact_id, t.campaign_id, t.sender, t.price_per_part,
       c.metadata, p.config -> 'sms' as settings
from sms_records t
left join contacts c on c.id = t.contact_id
left join campaigns p on p.id = t.campaign_id
where t.id = %(record_id)s

-- read_one
-- One reply, by its number.
select id, meaning, settled_at, settled_by, settled_as from sms_replies where id = %(reply_id)s

-- read
-- Replies, the oldest that waits first, or the newest of all.
select r.id, r.carrier, r.phone, r.sent_to, r.body, r.received_at, r.meaning, r.found, r.language,
       r.contact_id, r.campaign_id, c.slug as campaign, r.settled_at, r.settled_by, r.settled_as
from sms_replies r
left join campaigns c on c.id = r.campaign_id
where (%(all)s or (r.meaning = 'unclear' and r.settled_at is null))
  and (%(campaign_id)s::uuid is null or r.campaign_id = %(campaign_id)s)
order by case when %(all)s then null else r.received_at end, r.received_at desc, r.id
limit %(n)s
