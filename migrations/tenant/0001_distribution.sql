-- The distribution database: the same for the pooled one and for one of a tenant's own.
-- Money is numeric(18,6) in the account's currency; quantities are whole base units of the item.

-- Roles belong to the whole server, so databases made at the same time may race for them.
do $$
begin
  begin
    create role tierdeck_owner nologin;
  exception when duplicate_object or unique_violation then null;
  end;
  begin
    create role tierdeck_service nologin;
  exception when duplicate_object or unique_violation then null;
  end;
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant tierdeck_owner to %I', current_user);
  end if;
end $$;

revoke all on schema public from public;
grant usage, create on schema public to tierdeck_owner;
grant usage on schema public to tierdeck_service;

set local role tierdeck_owner;

-- Units ---------------------------------------------------------------------------------------------------------

create table region (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code        text not null check (length(code) between 1 and 64),
  name        text not null,
  primary key (tenant_id, code)
);

create table branch (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code        text not null check (length(code) between 1 and 64),
  name        text not null,
  region      text,
  latitude    double precision check (latitude between -90 and 90),
  longitude   double precision check (longitude between -180 and 180),
  attributes  jsonb not null default '{}',
  primary key (tenant_id, code),
  foreign key (tenant_id, region) references region (tenant_id, code)
);
create index branch_region on branch (tenant_id, region);

create table warehouse (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code        text not null check (length(code) between 1 and 64),
  name        text not null,
  -- The branch on whose premises it stands, if it does.
  branch      text,
  latitude    double precision check (latitude between -90 and 90),
  longitude   double precision check (longitude between -180 and 180),
  attributes  jsonb not null default '{}',
  primary key (tenant_id, code),
  foreign key (tenant_id, branch) references branch (tenant_id, code)
);
create index warehouse_branch on warehouse (tenant_id, branch);

-- From where a branch is served: position 1 is its home warehouse. A branch without rows is served by distance.
create table branch_sourcing (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  branch      text not null,
  position    int not null check (position > 0),
  warehouse   text not null,
  primary key (tenant_id, branch, position),
  unique (tenant_id, branch, warehouse),
  foreign key (tenant_id, branch) references branch (tenant_id, code),
  foreign key (tenant_id, warehouse) references warehouse (tenant_id, code)
);
create index branch_sourcing_warehouse on branch_sourcing (tenant_id, warehouse);

create table buying_group (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code        text not null check (length(code) between 1 and 64),
  name        text not null,
  primary key (tenant_id, code)
);

-- Who buys from the tenant.
create table account (
  tenant_id     uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code          text not null check (length(code) between 1 and 64),
  name          text not null,
  -- A is the most valuable: it goes first when stock is short.
  class         text not null default 'C' check (class in ('A', 'B', 'C')),
  category      text,
  buying_group  text,
  branch        text,
  currency      text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
  -- COMPLETE: a line is allocated whole or goes to backorder whole.
  delivery_rule text not null default 'PARTIAL' check (delivery_rule in ('PARTIAL', 'COMPLETE')),
  attributes    jsonb not null default '{}',
  primary key (tenant_id, code),
  foreign key (tenant_id, buying_group) references buying_group (tenant_id, code),
  foreign key (tenant_id, branch) references branch (tenant_id, code)
);
create index account_branch on account (tenant_id, branch);
create index account_buying_group on account (tenant_id, buying_group);

-- Items and prices ----------------------------------------------------------------------------------------------

create table item_group (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code        text not null check (length(code) between 1 and 64),
  name        text not null,
  primary key (tenant_id, code)
);

create table item (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  sku         text not null check (length(sku) between 1 and 64),
  description text not null,
  uom         text not null default 'EA',
  -- Base units in one pack: allocations are split in whole packs where the account asks for it.
  pack_size   int not null default 1 check (pack_size > 0),
  -- The main group; all groups stand in item_group_member.
  item_group  text,
  barcode     text,
  cost        numeric(18,6) not null default 0 check (cost >= 0),
  list_price  numeric(18,6) not null check (list_price >= 0),
  -- False for components and the like: an order for it is refused.
  saleable    boolean not null default true,
  -- Sold while stock lasts, not bought again.
  discontinued boolean not null default false,
  attributes  jsonb not null default '{}',
  primary key (tenant_id, sku),
  foreign key (tenant_id, item_group) references item_group (tenant_id, code)
);
create index item_item_group on item (tenant_id, item_group);
create index item_barcode on item (tenant_id, barcode) where barcode is not null;

create table item_group_member (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  item_group  text not null,
  item        text not null,
  primary key (tenant_id, item_group, item),
  foreign key (tenant_id, item_group) references item_group (tenant_id, code),
  foreign key (tenant_id, item) references item (tenant_id, sku)
);
create index item_group_member_item on item_group_member (tenant_id, item);

-- One price or discount. Every scope column that is set must match; one that is null matches all.
create table price_rule (
  tenant_id    uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code         text not null check (length(code) between 1 and 128),
  kind         text not null check (kind in (
    'CONTRACT', 'CONTRACT_GROUP', 'BUYING_GROUP_DEAL', 'CLASS', 'BRANCH', 'PROMO', 'LIST')),
  description  text,
  account      text,
  buying_group text,
  class        text check (class in ('A', 'B', 'C')),
  category     text,
  branch       text,
  item         text,
  item_group   text,
  -- Quantity of the line in base units from which the rule holds.
  min_qty      int not null default 1 check (min_qty > 0),
  unit_price   numeric(18,6) check (unit_price >= 0),
  amount_off   numeric(18,6) check (amount_off > 0),
  -- 10 means ten percent off list.
  percent_off  numeric(9,6) check (percent_off > 0 and percent_off <= 100),
  -- A formula: base x (1 + markup_percent / 100), to a multiple of round_to, plus surcharge.
  markup_percent numeric(9,6) check (markup_percent >= -100),
  base         text not null default 'LIST' check (base in ('LIST', 'COST')),
  round_to     numeric(18,6) check (round_to > 0),
  surcharge    numeric(18,6) not null default 0,
  valid_from   timestamptz not null default '-infinity',
  -- Exclusive.
  valid_to     timestamptz not null default 'infinity',
  primary key (tenant_id, code),
  check (num_nonnulls(unit_price, amount_off, percent_off, markup_percent) = 1),
  check (markup_percent is not null or (base = 'LIST' and round_to is null and surcharge = 0)),
  check (num_nonnulls(item, item_group) <= 1),
  check (valid_from < valid_to),
  check (kind not in ('CONTRACT', 'CONTRACT_GROUP') or account is not null),
  check (kind <> 'BUYING_GROUP_DEAL' or buying_group is not null),
  check (kind <> 'CLASS' or class is not null),
  check (kind <> 'BRANCH' or branch is not null),
  foreign key (tenant_id, account) references account (tenant_id, code),
  foreign key (tenant_id, buying_group) references buying_group (tenant_id, code),
  foreign key (tenant_id, branch) references branch (tenant_id, code),
  foreign key (tenant_id, item) references item (tenant_id, sku),
  foreign key (tenant_id, item_group) references item_group (tenant_id, code)
);
create index price_rule_item on price_rule (tenant_id, item, min_qty) where item is not null;
create index price_rule_item_group on price_rule (tenant_id, item_group, min_qty) where item_group is not null;
create index price_rule_account on price_rule (tenant_id, account) where account is not null;
create index price_rule_wide on price_rule (tenant_id, kind) where item is null and item_group is null;

-- How candidates compete and what guards the winner. The row of the account's class goes before the row '*'.
create table pricing_policy (
  tenant_id     uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  account_class text not null default '*' check (account_class in ('*', 'A', 'B', 'C')),
  -- Kinds of price_rule, the strongest first; a kind that is missing does not compete.
  precedence    text[] not null default array[
    'CONTRACT', 'CONTRACT_GROUP', 'BUYING_GROUP_DEAL', 'CLASS', 'BRANCH', 'PROMO', 'LIST'],
  strategy      text not null default 'FIRST_MATCH' check (strategy in ('FIRST_MATCH', 'LOWEST', 'ERROR_ON_TIE')),
  -- Percent of the price that must remain after cost; null sets no floor.
  floor_margin_percent numeric(9,6) check (floor_margin_percent < 100),
  floor_mode    text not null default 'CLAMP' check (floor_mode in ('CLAMP', 'BLOCK', 'APPROVAL')),
  primary key (tenant_id, account_class),
  check (precedence <@ array[
    'CONTRACT', 'CONTRACT_GROUP', 'BUYING_GROUP_DEAL', 'CLASS', 'BRANCH', 'PROMO', 'LIST'])
);

-- Stock ---------------------------------------------------------------------------------------------------------

-- The sum of stock_movement, kept beside it so that one guarded UPDATE can allocate.
create table stock (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  item        text not null,
  warehouse   text not null,
  on_hand     int not null default 0 check (on_hand >= 0),
  allocated   int not null default 0,
  -- Not promised to anybody.
  safety      int not null default 0 check (safety >= 0),
  updated_at  timestamptz not null default now(),
  primary key (tenant_id, item, warehouse),
  constraint stock_never_oversold check (allocated between 0 and on_hand),
  foreign key (tenant_id, item) references item (tenant_id, sku),
  foreign key (tenant_id, warehouse) references warehouse (tenant_id, code)
);
create index stock_warehouse on stock (tenant_id, warehouse);

-- Append-only. on_hand = sum(on_hand_delta) and allocated = sum(allocated_delta) per item and warehouse.
create table stock_movement (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  id          uuid not null default gen_random_uuid(),
  item        text not null,
  warehouse   text not null,
  kind        text not null check (kind in (
    'OPENING', 'RECEIPT', 'ALLOCATE', 'RELEASE', 'SHIP', 'RETURN', 'TRANSFER', 'ADJUST')),
  on_hand_delta   int not null default 0,
  allocated_delta int not null default 0,
  -- The order or document that caused it.
  order_id    uuid,
  reference   text,
  at          timestamptz not null default now(),
  primary key (tenant_id, id),
  check (on_hand_delta <> 0 or allocated_delta <> 0),
  foreign key (tenant_id, item) references item (tenant_id, sku),
  foreign key (tenant_id, warehouse) references warehouse (tenant_id, code)
);
create index stock_movement_item on stock_movement (tenant_id, item, warehouse, at);

-- Supply on its way.
create table inbound_supply (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  reference   text not null,
  line_no     int not null,
  item        text not null,
  warehouse   text not null,
  qty         int not null check (qty > 0),
  due_at      timestamptz not null,
  received_at timestamptz,
  primary key (tenant_id, reference, line_no),
  foreign key (tenant_id, item) references item (tenant_id, sku),
  foreign key (tenant_id, warehouse) references warehouse (tenant_id, code)
);
create index inbound_supply_item on inbound_supply (tenant_id, item, due_at) where received_at is null;

-- Orders --------------------------------------------------------------------------------------------------------

create table sales_order (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  id          uuid not null default gen_random_uuid(),
  account     text not null,
  branch      text,
  -- HELD waits for an approval, e.g. of a price below the floor.
  status      text not null check (status in (
    'HELD', 'ACCEPTED', 'ALLOCATED', 'PARTIALLY_ALLOCATED', 'BACKORDERED', 'SHIPPED', 'CANCELLED')),
  channel     text not null default 'API' check (channel in ('API', 'EDI')),
  -- The buyer's own number.
  purchase_order text,
  edi_interchange_id uuid,
  currency    text not null check (currency ~ '^[A-Z]{3}$'),
  total       numeric(18,6) not null,
  cost_total  numeric(18,6) not null,
  requested_date date,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, account) references account (tenant_id, code),
  foreign key (tenant_id, branch) references branch (tenant_id, code)
);
create index sales_order_created on sales_order (tenant_id, created_at desc, id);
create index sales_order_account on sales_order (tenant_id, account, created_at desc);

create table sales_order_line (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  order_id    uuid not null,
  line_no     int not null check (line_no > 0),
  item        text not null,
  qty         int not null check (qty > 0),
  list_price  numeric(18,6) not null,
  unit_price  numeric(18,6) not null check (unit_price >= 0),
  line_total  numeric(18,6) not null,
  -- Of one base unit, at the time of the order.
  cost        numeric(18,6) not null,
  -- Pricing and allocation engines that decided, and why the price is what it is.
  engine      text not null,
  allocation_engine text,
  trace       jsonb not null default '[]',
  -- What the other engine would have said, when both run.
  shadow      jsonb,
  primary key (tenant_id, order_id, line_no),
  foreign key (tenant_id, order_id) references sales_order (tenant_id, id),
  foreign key (tenant_id, item) references item (tenant_id, sku)
);
create index sales_order_line_item on sales_order_line (tenant_id, item);

create table allocation (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  order_id    uuid not null,
  line_no     int not null,
  warehouse   text not null,
  item        text not null,
  qty         int not null check (qty > 0),
  status      text not null default 'ALLOCATED' check (status in ('ALLOCATED', 'RELEASED', 'SHIPPED')),
  created_at  timestamptz not null default now(),
  primary key (tenant_id, order_id, line_no, warehouse),
  foreign key (tenant_id, order_id, line_no) references sales_order_line (tenant_id, order_id, line_no),
  foreign key (tenant_id, item, warehouse) references stock (tenant_id, item, warehouse)
);
create index allocation_stock on allocation (tenant_id, item, warehouse);

create table backorder (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  order_id    uuid not null,
  line_no     int not null,
  item        text not null,
  -- Still missing.
  qty         int not null check (qty > 0),
  status      text not null default 'OPEN' check (status in ('OPEN', 'FILLED', 'CANCELLED')),
  created_at  timestamptz not null default now(),
  closed_at   timestamptz,
  primary key (tenant_id, order_id, line_no),
  foreign key (tenant_id, order_id, line_no) references sales_order_line (tenant_id, order_id, line_no)
);
create index backorder_open on backorder (tenant_id, item, created_at) where status = 'OPEN';

-- Answer of a write by its idempotency key, kept in the transaction of its effect.
create table idempotency_key (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  key         text not null check (length(key) between 1 and 200),
  request_digest text not null,
  -- HTTP status and body; null while the first request is still at work.
  status      int,
  answer      jsonb,
  created_at  timestamptz not null default now(),
  primary key (tenant_id, key)
);

-- Invoices of the past, as imported. Append-only; items and accounts may have gone since.
create table order_history_line (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  invoice     text not null,
  line_no     int not null,
  item        text not null,
  description text,
  -- Negative in a return or cancellation.
  qty         int not null,
  -- Gross of one unit; the line is qty x unit_price x (1 - discount_percent/100).
  unit_price  numeric(18,6) not null,
  discount_percent numeric(9,6) not null default 0,
  account     text not null,
  branch      text,
  invoiced_at timestamptz not null,
  primary key (tenant_id, invoice, line_no)
);
create index order_history_line_at on order_history_line (tenant_id, invoiced_at);

-- Integration ---------------------------------------------------------------------------------------------------

create table integration_job (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  id          uuid not null default gen_random_uuid(),
  kind        text not null,
  payload     jsonb not null default '{}',
  -- The same work asked for twice is one job.
  dedup_key   text,
  status      text not null default 'QUEUED' check (status in ('QUEUED', 'RUNNING', 'DONE', 'DEAD')),
  attempts    int not null default 0,
  max_attempts int not null default 8 check (max_attempts > 0),
  run_at      timestamptz not null default now(),
  lease_holder text,
  lease_until timestamptz,
  -- Grows with every claim; a holder whose fence is old can record nothing.
  fence       bigint not null default 0,
  last_error  text,
  result      jsonb,
  created_at  timestamptz not null default now(),
  finished_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, dedup_key)
);
create index integration_job_due on integration_job (tenant_id, run_at, created_at) where status = 'QUEUED';
create index integration_job_leased on integration_job (tenant_id, lease_until) where status = 'RUNNING';
create index integration_job_dead on integration_job (tenant_id, created_at) where status = 'DEAD';

-- Wakes the workers; the payload says whose queue to look at. PostgreSQL folds equal notices of one transaction.
create function integration_job_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('integration_job', new.tenant_id::text);
  return null;
end $$;
create trigger integration_job_notify after insert or update of status on integration_job
  for each row when (new.status = 'QUEUED') execute function integration_job_notify();

create table edi_partner (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  code        text not null check (length(code) between 1 and 64),
  name        text not null,
  standard    text not null check (standard in ('X12', 'EDIFACT')),
  -- How the partner signs: ISA05/ISA06 or UNB S002 0007/0004.
  qualifier   text not null default '',
  identifier  text not null,
  -- The account that the partner orders for.
  account     text,
  -- Version, item id priority, unit map, price tolerance and the like.
  profile     jsonb not null default '{}',
  primary key (tenant_id, code),
  unique (tenant_id, standard, qualifier, identifier),
  foreign key (tenant_id, account) references account (tenant_id, code)
);

create table edi_interchange (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  id          uuid not null default gen_random_uuid(),
  standard    text not null check (standard in ('X12', 'EDIFACT')),
  partner     text,
  sender      text not null,
  receiver    text not null,
  control_number text not null,
  raw         text not null,
  digest      text not null,
  status      text not null default 'RECEIVED' check (status in (
    'RECEIVED', 'ACCEPTED', 'PARTIALLY_ACCEPTED', 'REJECTED')),
  errors      jsonb not null default '[]',
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  primary key (tenant_id, id),
  -- A control number comes once from a partner: the second is a replay.
  unique (tenant_id, standard, sender, receiver, control_number),
  foreign key (tenant_id, partner) references edi_partner (tenant_id, code)
);
create index edi_interchange_received on edi_interchange (tenant_id, received_at desc);

create table edi_outbound (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  id          uuid not null default gen_random_uuid(),
  standard    text not null check (standard in ('X12', 'EDIFACT')),
  kind        text not null check (kind in ('997', '855', '856', '810', 'CONTRL', 'ORDRSP', 'DESADV', 'INVOIC')),
  partner     text,
  -- The interchange it answers.
  interchange_id uuid,
  order_id    uuid,
  control_number text not null,
  body        text not null,
  created_at  timestamptz not null default now(),
  sent_at     timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, interchange_id) references edi_interchange (tenant_id, id),
  foreign key (tenant_id, order_id) references sales_order (tenant_id, id)
);
create index edi_outbound_interchange on edi_outbound (tenant_id, interchange_id);
create index edi_outbound_control on edi_outbound (tenant_id, standard, partner, control_number);

-- The last control number given out per partner and level.
create table edi_control_number (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  partner     text not null,
  level       text not null check (level in ('INTERCHANGE', 'GROUP', 'MESSAGE')),
  last        bigint not null default 0,
  primary key (tenant_id, partner, level)
);

-- Which files of a kit are in, and how much of them, so that an import that was cut off goes on with the next file.
create table kit_import (
  tenant_id   uuid not null default current_setting('tierdeck.tenant_id')::uuid,
  kit         text not null,
  file        text not null,
  sha256      text not null,
  rows        int not null,
  imported_at timestamptz not null default now(),
  primary key (tenant_id, kit, file, sha256, rows)
);

-- Isolation -----------------------------------------------------------------------------------------------------

-- An unset tenant is an error, never all rows; the subselect is evaluated once a statement.
do $$
declare
  tenant_table text;
begin
  for tenant_table in
    select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relowner = 'tierdeck_owner'::regrole
  loop
    execute format('alter table %I enable row level security, force row level security', tenant_table);
    execute format(
      $policy$create policy own_tenant on %I
        using (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)
        with check (tenant_id = (select current_setting('tierdeck.tenant_id'))::uuid)$policy$,
      tenant_table);
    execute format('grant select, insert, update, delete on %I to tierdeck_service', tenant_table);
  end loop;
end $$;

-- Append-only.
revoke update, delete on stock_movement, order_history_line, kit_import from tierdeck_service;
revoke delete on sales_order, sales_order_line, edi_interchange, edi_outbound, edi_control_number from tierdeck_service;

reset role;
