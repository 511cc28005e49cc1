-- add_areas
-- Areas for these places, where they are new.
insert into areas (zones, regions)
select distinct array(select jsonb_array_elements_text(g -> 'zones')),
                array(select jsonb_array_elements_text(g -> 'regions'))
from jsonb_array_elements(%(areas)s) g
on conflict (zones, regions) do nothing

-- read_areas
-- Every area.
select id, zones, regions from areas

-- insert
-- New contacts, each pending and ready at once, but for those whom no channel of the campaign reaches; numbers
-- the campaign already has are left alone. Their ids begin with the time, as UUIDv7: random ones would touch a
-- page of the primary key's index for each row.
with given as (
    select g.phone, g.area_id, g.metadata, g.channel, g.line_type, g.position
    from unnest(%(phones)b::text[], %(area_ids)s::int[], %(metadata)b::jsonb[],
                %(channels)s::text[], %(line_types)s::text[])
         with ordinality g (phone, area_id, metadata, channel, line_type, position)
), inserted as (
    insert into contacts (id, campaign_id, phone, area_id, metadata, channel, line_type, status,
                          failure_reason, max_attempts, created_at)
    select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
            || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
           %(campaign_id)s, phone, area_id, metadata, coalesce(channel, 'sms'), line_type,
           case when channel is null then 'failed' else 'pending' end,
           case when channel is null then 'landline' end, %(max_attempts)s, %(now)s
    from given
    order by position
    on conflict (campaign_id, phone) do nothing
    returning id, phone, channel, area_id, seq, status
), made_ready as (
    insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
    select %(campaign_id)s, channel, area_id, %(bucket)s, seq, id, phone
    from inserted where status = 'pending'
)
select phone from inserted

-- renew_metadata
-- What another row of a list says about contacts the campaign has: in place of the old, or beside it. They
-- are held in one order first, as by everybody who holds several.
with held as (
    select c.id, g.metadata
    from contacts c
    join unnest(%(phones)b::text[], %(metadata)b::jsonb[]) g (phone, metadata) on c.phone = g.phone
    where c.campaign_id = %(campaign_id)s
    order by c.id
    for no key update of c
)
update contacts c
set metadata = case when %(keep_old)s then h.metadata || c.metadata else h.metadata end
from held h
where c.id = h.id
