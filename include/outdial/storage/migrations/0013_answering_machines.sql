-- What detection said of whoever answered, in Asterisk's words: AMDSTATUS and AMDCAUSE, as in
-- "MACHINE LONGGREETING-1200-1200". Null where nobody was listened to.
alter table call_records add column detected text;

-- What became of the message for an answering machine: written as `begun` before its first word, so that
-- no crash leaves it a second time.
alter table call_records add column machine_message text
    check (machine_message in ('begun', 'left', 'cut', 'unplayed'));
