-- take_ids
-- Ids for new links, for nobody else.
select nextval('sms_links_id_seq') as id from generate_series(1, %(n)s)

-- insert
-- Where the links of texts lead.
insert into sms_links (id, record_id, position, url, expires_at)
select id, record_id, position, url, expires_at
from jsonb_to_recordset(%(links)s)
     as given (id bigint, record_id uuid, position int, url text, expires_at timestamptz)

-- read
-- Where a link leads, and until when.
select url, expires_at from sms_links where id = %(link_id)s

-- note_visits
-- Who followed links; not to be lost, and not to be counted twice where the answer to a first try was lost.
insert into sms_link_visits (id, link_id, at, visitor, agent)
select given.id, link.id, given.at, given.visitor, given.agent
from jsonb_to_recordset(%(visits)s)
     as given (id uuid, link_id bigint, at timestamptz, visitor text, agent text)
-- A link that was erased meanwhile takes its visits with it.
join sms_links link on link.id = given.link_id
for key share of link
on conflict (id) do nothing

-- count
-- What is known of the texts of a campaign that have links and that a carrier may have taken: each text
-- once, however many links it has and however often they were followed.
with texts as (
    select link.record_id,
           coalesce(bool_or(visit.visitor in ('person', 'own_previewer')), false) as is_opened,
           coalesce(bool_or(visit.visitor = 'person'), false) as is_clicked,
           count(*) filter (where visit.visitor = 'person') as by_people,
           count(*) filter (where visit.visitor = 'own_previewer') as by_own_previewers,
           count(*) filter (where visit.visitor = 'previewer') as by_previewers,
           count(*) filter (where visit.visitor = 'bot') as by_bots
    from sms_records record
    join sms_links link on link.record_id = record.id
    left join sms_link_visits visit on visit.link_id = link.id
    where record.campaign_id = %(campaign_id)s and record.state not in ('not_taken', 'refused')
    group by link.record_id
)
select count(*) as texts,
       count(*) filter (where is_opened) as opened,
       count(*) filter (where is_clicked) as clicked,
       coalesce(sum(by_people), 0)::bigint as by_people,
       coalesce(sum(by_own_previewers), 0)::bigint as by_own_previewers,
       coalesce(sum(by_previewers), 0)::bigint as by_previewers,
       coalesce(sum(by_bots), 0)::bigint as by_bots
from texts
