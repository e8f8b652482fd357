-- The spec of the manifest that was last applied: a file that is as it was undoes nobody's work.
alter table project add column manifest jsonb;
alter table segment add column manifest jsonb;
alter table environment add column manifest jsonb;

-- For expectedVersion: two writers of one project do not undo each other's work.
alter table project add column version int not null default 1;
