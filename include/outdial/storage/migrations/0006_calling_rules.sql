-- An area is where a person may be: every zone their number may stand in, and every region whose law or
-- holidays may be theirs. It is open only while all of them are.
alter table areas add column regions text[] not null default '{}';
alter table areas drop constraint areas_zones_key;
alter table areas add constraint one_area_for_each_place unique (zones, regions);

-- Calls to one number by all campaigns, newest first: the caps on a number count them.
create index call_records_by_phone on call_records (phone, begun_at desc);

-- Whether a call may have disturbed somebody: one that never reached the person's side does not.
create function reached_out(r call_records) returns boolean
language sql immutable parallel safe
return r.counted is not false or r.ringing_at is not null;

-- When a number may be called again by the caps on calls in 24 hours and in 7 days, each of which may be
-- null; null where it may be called now.
create function capped_until(number text, per_24_hours int, per_7_days int, at timestamptz)
returns timestamptz
language sql stable parallel safe
return (
    select max(free.at) from (
        (select r.begun_at + interval '24 hours' as at from call_records r
         where r.phone = number and r.begun_at > at - interval '24 hours' and reached_out(r)
         order by r.begun_at desc offset per_24_hours - 1 limit case when per_24_hours is null then 0 else 1 end)
        union all
        (select r.begun_at + interval '7 days' from call_records r
         where r.phone = number and r.begun_at > at - interval '7 days' and reached_out(r)
         order by r.begun_at desc offset per_7_days - 1 limit case when per_7_days is null then 0 else 1 end)
    ) free
);
