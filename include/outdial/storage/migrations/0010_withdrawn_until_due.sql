-- When a contact that waited was due as its source withdrew it: should it come back, it waits until then.
alter table sourced_contacts add column due_at timestamptz;
