-- promote_due
-- Waiting contacts whose time has come become ready again, at the place their age gives them.
with due as (
    delete from waiting_contacts
    where contact_id in (
        select contact_id from waiting_contacts
        where campaign_id = %(campaign_id)s and due_at <= %(now)s
        order by due_at
        limit %(n)s
        for update skip locked
    )
    returning *
)
insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
select campaign_id, channel, area_id, bucket, seq, contact_id, phone from due

-- buckets_ready
-- The buckets in which anyone of the campaign stands ready for a channel, found by skipping along the primary key.
with recursive stands as (
    (select area_id, bucket from ready_contacts
     where campaign_id = %(campaign_id)s and channel = %(channel)s
     order by area_id, bucket limit 1)
    union all
    select next.area_id, next.bucket
    from stands s
    cross join lateral (
        select r.area_id, r.bucket from ready_contacts r
        where r.campaign_id = %(campaign_id)s and r.channel = %(channel)s
          and (r.area_id, r.bucket) > (s.area_id, s.bucket)
        order by r.area_id, r.bucket limit 1
    ) next
)
select area_id, bucket from stands

-- claim_best
-- Take the best contacts of this moment: level by level, within a level the oldest across all its groups.
-- Who was listed for good since is marked as such; who is listed for a time, or whose number was called as
-- often as it may be, waits; the rest go to the outbox under a claim of their own.
with open_areas as (
    select * from unnest(%(open_areas)s::int[], %(closing_times)s::timestamptz[], %(caps_24_hours)s::int[],
                         %(caps_7_days)s::int[]) as o (area_id, closes_at, per_24_hours, per_7_days)
), taken as (
    delete from ready_contacts where ctid = any(array(
        select best.ctid
        from (select distinct l from unnest(%(levels)s::smallint[]) l order by l) level
        cross join lateral (
            select oldest.seq, oldest.ctid
            from unnest(%(areas)s::int[], %(buckets)s::smallint[], %(levels)s::smallint[])
                 as g (area_id, bucket, l)
            cross join lateral (
                select r.seq, r.ctid from ready_contacts r
                where r.campaign_id = %(campaign_id)s and r.channel = %(channel)s
                  and r.area_id = g.area_id and r.bucket = g.bucket
                order by r.seq
                limit %(n)s
            ) oldest
            where g.l = level.l
            order by oldest.seq
            limit %(n)s
        ) best
        limit %(n)s
    ))
    returning *
), judged as (
    select t.*, o.closes_at, listing.until as listed_until,
           capped_until(t.phone, o.per_24_hours, o.per_7_days, %(now)s) as capped_until
    from taken t
    join open_areas o using (area_id)
    cross join lateral listed_until(t.phone, t.campaign_id, %(now)s) as listing (until)
), marked as (
    update contacts c set status = 'blacklisted'
    from judged j
    where c.id = j.contact_id and j.listed_until = 'infinity'
), waiting as (
    insert into waiting_contacts (contact_id, campaign_id, channel, area_id, bucket, seq, phone, due_at)
    select contact_id, campaign_id, channel, area_id, bucket, seq, phone, coalesce(listed_until, capped_until)
    from judged
    where listed_until < 'infinity' or (listed_until is null and capped_until is not null)
), claimed as (
    insert into dispatched_contacts
        (contact_id, campaign_id, channel, area_id, bucket, seq, phone, claimed_at, not_after)
    select contact_id, campaign_id, channel, area_id, bucket, seq, phone, %(now)s, closes_at
    from judged
    where listed_until is null and capped_until is null
    returning contact_id, claim_id, not_after, seq
)
select d.contact_id, d.claim_id, d.not_after, c.phone, c.metadata, c.attempts
from claimed d
join contacts c on c.id = d.contact_id
order by d.seq

-- mark_sent
-- SQS has taken these claims.
update dispatched_contacts set sent_at = %(now)s where claim_id = any(%(claim_ids)s)

-- put_back
-- Claims that were never sent stand ready again at once.
with back as (
    delete from dispatched_contacts where claim_id = any(%(claim_ids)s) returning *
)
insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
select campaign_id, channel, area_id, bucket, seq, contact_id, phone from back

-- heal
-- Claims whose lease ran out without a begin: never sent, or lost on the way. Ready again; a copy of their
-- message that still turns up finds no claim.
with lost as (
    delete from dispatched_contacts
    where contact_id in (
        select contact_id from dispatched_contacts
        where campaign_id = %(campaign_id)s
          and (case when sent_at is null then claimed_at < %(unsent_since)s
                    else sent_at < %(unbegun_since)s end)
        for update skip locked
    )
    returning *
)
insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
select campaign_id, channel, area_id, bucket, seq, contact_id, phone from lost

-- counts
-- How many contacts of the campaign stand where, and how many live ones may still come back.
select
    (select count(*) from ready_contacts where campaign_id = %(campaign_id)s) as ready,
    (select count(*) from waiting_contacts where campaign_id = %(campaign_id)s) as waiting,
    (select count(*) from dispatched_contacts where campaign_id = %(campaign_id)s) as dispatched,
    (select count(*) from live_calls where campaign_id = %(campaign_id)s) as live_calls,
    (select count(*) from live_texts where campaign_id = %(campaign_id)s) as live_texts

-- remaining
-- Whether anybody of the campaign stands where: the first entry of an index tells. `exists` would drop the
-- order, and may then read the table, past everybody else and all who were taken.
select
    coalesce((select true from ready_contacts where campaign_id = %(campaign_id)s
              order by channel, area_id, bucket, seq limit 1), false) as ready,
    coalesce((select true from waiting_contacts where campaign_id = %(campaign_id)s
              order by due_at limit 1), false) as waiting,
    coalesce((select true from dispatched_contacts where campaign_id = %(campaign_id)s
              order by channel, claimed_at limit 1), false) as dispatched,
    exists (select from live_calls where campaign_id = %(campaign_id)s)
        or exists (select from live_texts where campaign_id = %(campaign_id)s) as live,
    exists (select from live_calls l join contacts c on c.id = l.contact_id
            where l.campaign_id = %(campaign_id)s and c.attempts + 1 < c.max_attempts)
        or exists (select from live_texts where campaign_id = %(campaign_id)s) as live_with_attempts_left

-- in_hand
-- What backpressure needs of a channel: claims not yet begun, how many other campaigns have some; and calls in
-- progress.
select
    (select count(*) from dispatched_contacts
     where campaign_id = %(campaign_id)s and channel = %(channel)s) as dispatched,
    (select count(distinct campaign_id) from dispatched_contacts
     where channel = %(channel)s and campaign_id <> %(campaign_id)s) as others,
    (select count(*) from live_calls where campaign_id = %(campaign_id)s) as live_calls

-- recall
-- Every claim of a campaign that must not call now stands ready again; their messages find no claim.
with recalled as (
    delete from dispatched_contacts where campaign_id = %(campaign_id)s returning *
)
insert into ready_contacts (campaign_id, channel, area_id, bucket, seq, contact_id, phone)
select campaign_id, channel, area_id, bucket, seq, contact_id, phone from recalled

-- registries_are_fresh
-- Whether every registry the campaign requires is here in a copy that is not too old.
select registries_are_fresh(%(campaign_id)s, %(now)s) as fresh
