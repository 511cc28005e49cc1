-- Texts beside calls. Every contact who is still to be reached stands on one channel; who is passed on to the
-- other passes every gate again.
alter table ready_contacts add column channel text not null default 'voice' check (channel in ('voice', 'sms'));
alter table dispatched_contacts add column channel text not null default 'voice' check (channel in ('voice', 'sms'));
alter table waiting_contacts add column channel text not null default 'voice' check (channel in ('voice', 'sms'));
-- No default: a statement that forgets the channel fails, and calls nobody who was to be texted.
alter table ready_contacts alter column channel drop default;
alter table dispatched_contacts alter column channel drop default;
alter table waiting_contacts alter column channel drop default;
alter table ready_contacts drop constraint ready_contacts_pkey;
alter table ready_contacts add primary key (campaign_id, channel, area_id, bucket, seq);
drop index dispatched_contacts_by_campaign;
create index dispatched_contacts_by_campaign on dispatched_contacts (campaign_id, channel, claimed_at);

-- What the list or the numbering plan says of the line; most American numbers may be either.
alter table contacts add column line_type text not null default 'unknown'
    check (line_type in ('mobile', 'landline', 'unknown'));
-- How they are to be reached next.
alter table contacts add column channel text not null default 'voice' check (channel in ('voice', 'sms'));
alter table contacts alter column channel drop default;
alter table contacts add column texts int not null default 0 check (texts >= 0);
-- The channel a contact was passed on to, when the first one did not reach them.
alter table contacts add column fallback_to text check (fallback_to in ('voice', 'sms'));

-- One row for each text, written before the carrier is asked to take it.
create table sms_records (
    id uuid primary key default gen_random_uuid(),
    -- What asked for the text (a claim, a key pressed on a call, a reply): asked twice, it is one text.
    request_id text not null unique,
    origin text not null check (origin in ('campaign', 'call', 'answer')),
    contact_id uuid references contacts on delete cascade,
    campaign_id uuid references campaigns on delete cascade,
    phone text not null,
    sender text not null,
    carrier text not null,
    body text not null,
    encoding text not null check (encoding in ('GSM-7', 'UCS-2')),
    parts int not null check (parts > 0),
    price_per_part numeric check (price_per_part >= 0),
    -- Null only while the text waits for a gateway.
    gateway_id uuid,
    -- How often the carrier was asked; more than once only where it is certain that it took nothing before.
    tries int not null default 1,
    -- Of one that waits: when it was asked for.
    begun_at timestamptz not null,
    sent_at timestamptz,
    delivered_at timestamptz,
    ended_at timestamptz,
    state text not null default 'submitting' check (
        state in ('queued', 'submitting', 'not_taken', 'sent', 'delivered', 'undelivered', 'refused', 'unknown')),
    failure text,
    -- The carrier's own words or code for it.
    carrier_said text,
    -- Of one that waits: not before this; null is at once.
    due_at timestamptz,
    opted_out boolean not null default false,
    constraint texts_of_campaigns_have_a_contact check (origin = 'answer' or contact_id is not null),
    constraint texts_begin_in_a_gateway check (gateway_id is not null or state = 'queued'),
    constraint only_failed_texts_have_a_failure
        check (failure is null or state in ('not_taken', 'undelivered', 'refused', 'unknown'))
);

create index sms_records_by_campaign on sms_records (campaign_id, begun_at);
create index sms_records_by_contact on sms_records (contact_id);
create index sms_records_by_phone on sms_records (phone, begun_at desc);
create index sms_records_under_way on sms_records (gateway_id) where state = 'submitting';
-- Answers, and texts asked for on calls, in the order in which gateways take them.
create index sms_records_queued on sms_records (begun_at) where state = 'queued';

-- A campaign's texts between begin and settlement: until the carrier has answered, and then until a receipt
-- has come or `settles_at` has passed without one.
create table live_texts (
    contact_id uuid primary key references contacts on delete cascade,
    record_id uuid not null unique references sms_records on delete cascade,
    campaign_id uuid not null references campaigns on delete cascade,
    area_id int not null,
    bucket smallint not null,
    seq bigint not null,
    phone text not null,
    begun_at timestamptz not null,
    settles_at timestamptz
);

create index live_texts_by_campaign on live_texts (campaign_id);
create index live_texts_by_settling on live_texts (settles_at);

-- Under which ids a carrier knows the parts of a text. SMPP carriers number parts, and may begin anew.
create table sms_parts (
    carrier text not null,
    message_id text not null,
    record_id uuid not null references sms_records on delete cascade,
    -- 0 where a receipt named the text itself, under an id that was not in the carrier's answer.
    part_no int not null,
    state text not null default 'enroute' check (state in ('enroute', 'failed', 'delivered')),
    primary key (carrier, message_id, record_id)
);

create index sms_parts_by_record on sms_parts (record_id);

-- What carriers tell of texts, kept before it is acknowledged. One may come before the carrier's answer to
-- the text itself, twice, or about a text that is not ours: then `record_id` stays null.
create table sms_receipts (
    carrier text not null,
    message_id text not null,
    state text not null check (state in ('enroute', 'failed', 'delivered')),
    failure text,
    said text not null,
    reported_at timestamptz,
    received_at timestamptz not null,
    times int not null default 1,
    record_id uuid references sms_records on delete cascade,
    constraint one_receipt_of_each_state unique nulls not distinct (carrier, message_id, state, record_id)
);

create index sms_receipts_unmatched on sms_receipts (carrier, message_id) where record_id is null;
create index sms_receipts_by_record on sms_receipts (record_id);

-- What people wrote back. `meaning` is how it was read; one that is unclear waits for a person.
create table sms_replies (
    id bigint primary key generated always as identity,
    carrier text not null,
    -- The carrier's own id; the same reply delivered twice is one. Made of the reply where it has none.
    message_id text not null,
    phone text not null,
    sent_to text not null,
    body text not null,
    received_at timestamptz not null,
    meaning text not null check (meaning in ('stop', 'start', 'help', 'unclear', 'other')),
    found text not null default '',
    language text,
    -- The latest text to this number from the number it answers.
    record_id uuid references sms_records on delete set null,
    contact_id uuid references contacts on delete cascade,
    campaign_id uuid references campaigns on delete cascade,
    settled_at timestamptz,
    settled_by text,
    settled_as text check (settled_as in ('stop', 'other')),
    check (num_nulls(settled_at, settled_by, settled_as) in (0, 3))
);

-- With whose words they are: an id that carries another message is another reply, and may be a STOP.
create unique index one_reply_of_each_id on sms_replies (carrier, message_id, phone, md5(body));
create index sms_replies_by_campaign on sms_replies (campaign_id, received_at);
create index sms_replies_by_phone on sms_replies (phone, received_at desc);
create index sms_replies_unsettled on sms_replies (received_at) where meaning = 'unclear' and settled_at is null;

-- Where the short links of a text lead; nothing else can be reached by one. An id is taken before its text is
-- written, which has the link in it; codes have room for 35 bits of it.
create table sms_links (
    id bigint primary key generated by default as identity (maxvalue 34359738367),
    record_id uuid not null references sms_records on delete cascade,
    position int not null,
    url text not null check (
        url ~ '^https?://[^/?#@[:space:]]+([/?#][^[:space:]]*)?$' and octet_length(url) = length(url)),
    expires_at timestamptz not null,
    unique (record_id, position)
);

-- Visits have ids of their own: one that is written twice is one.
create table sms_link_visits (
    id uuid primary key,
    link_id bigint not null references sms_links on delete cascade,
    at timestamptz not null,
    visitor text not null check (visitor in ('person', 'own_previewer', 'previewer', 'bot')),
    agent text not null default ''
);

create index sms_link_visits_by_link on sms_link_visits (link_id, visitor);

-- The carriers that gateways have opened: how fast each may be given parts, by all gateways together, and when
-- the next one. The lowest rank is the carrier of campaigns that name none. `seen_at` is when a gateway had a
-- link to it last.
create table carriers (
    name text primary key,
    parts_per_second double precision not null check (parts_per_second > 0),
    rank int not null,
    seen_at timestamptz not null,
    next_at timestamptz not null
);

-- Who is in progress: claimed, on a call, or with a text under way.
drop view contact_states;
create view contact_states as
select c.id as contact_id,
       c.campaign_id,
       case when place.in_progress then 'in_progress' else c.status end as status,
       c.status = 'failed' and c.failure_reason is null and not place.in_progress as is_waiting,
       c.attempts,
       c.failure_reason
from contacts c
left join dispatched_contacts d on d.contact_id = c.id
left join live_calls l on l.contact_id = c.id
left join live_texts t on t.contact_id = c.id
cross join lateral (
    select d.contact_id is not null or l.contact_id is not null or t.contact_id is not null as in_progress
) place;

-- When a number was disturbed since a time, by whatever campaign: calls that reached the person's side, and
-- texts of campaigns that a carrier may have taken. Texts a person asked for, and answers, are none.
create function disturbances(number text, since timestamptz) returns table (at timestamptz)
language sql stable parallel safe
begin atomic
    select r.begun_at from call_records r
    where r.phone = number and r.begun_at > since and reached_out(r)
    union all
    select s.begun_at from sms_records s
    where s.phone = number and s.begun_at > since
      and s.origin = 'campaign' and s.state not in ('not_taken', 'refused');
end;

create or replace function capped_until(number text, per_24_hours int, per_7_days int, at timestamptz)
returns timestamptz
language sql stable parallel safe
return (
    select max(free.at) from (
        (select d.at + interval '24 hours' as at from disturbances(number, capped_until.at - interval '24 hours') d
         order by d.at desc offset per_24_hours - 1 limit case when per_24_hours is null then 0 else 1 end)
        union all
        (select d.at + interval '7 days' from disturbances(number, capped_until.at - interval '7 days') d
         order by d.at desc offset per_7_days - 1 limit case when per_7_days is null then 0 else 1 end)
    ) free
);
