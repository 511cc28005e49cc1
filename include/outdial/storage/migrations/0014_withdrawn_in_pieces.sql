-- Contacts that left a campaign's query are gone through some at a time, by the reading that saw them last.
drop index sourced_contacts_by_campaign;
create index sourced_contacts_by_campaign on sourced_contacts (campaign_id, import_id, contact_id);
