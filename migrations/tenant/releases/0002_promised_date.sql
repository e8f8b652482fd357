-- Expand: an order carries the date promised to the buyer. Services that do not know the column go on as before.
alter table sales_order add column promised_date date;
comment on column sales_order.promised_date is 'Date on which the buyer was promised the goods; null if none was.';

-- down
alter table sales_order drop column promised_date;
