import type pg from 'pg';

/** Rows of one table for each thousand of a tenant: `n` counts from 1 to the number wanted. */
interface Fill {
  table: string;
  perThousand: number;
  columns: string;
  values: string;
}

/** A distributor's tables in the sizes they have to one another: ten of them, as whole rows that refer to one another. */
const fills: readonly Fill[] = [
  {
    table: 'item',
    perThousand: 50,
    columns: 'sku, description, cost, list_price, attributes',
    values: `'I' || n, 'Item ' || n || ' ' || md5(n::text), n % 97 + 0.25, n % 97 + 1.5, jsonb_build_object('shelf', n % 40)`,
  },
  {
    table: 'account',
    perThousand: 50,
    columns: 'code, name, category, branch',
    values: `'A' || n, 'Account ' || md5(n::text), 'C' || n % 7, 'B1'`,
  },
  {
    table: 'price_rule',
    perThousand: 100,
    columns: 'code, kind, description, account, item, min_qty, unit_price',
    values: `'P' || n, 'CONTRACT', 'agreed ' || md5(n::text), 'A' || 1 + n % $accounts, 'I' || 1 + n % $items, 1 + n % 12, n % 89 + 0.75`,
  },
  {
    table: 'stock',
    perThousand: 50,
    columns: 'item, warehouse, on_hand',
    values: `'I' || n, 'W1', 1000`,
  },
  {
    table: 'stock_movement',
    perThousand: 200,
    columns: 'id, item, warehouse, kind, on_hand_delta, reference',
    values: `md5('m' || n)::uuid, 'I' || 1 + n % $items, 'W1', 'RECEIPT', 1 + n % 9, 'receipt ' || n`,
  },
  {
    table: 'inbound_supply',
    perThousand: 50,
    columns: 'reference, line_no, item, warehouse, qty, due_at',
    values: `'S' || n, 1, 'I' || 1 + n % $items, 'W1', 1 + n % 30, timestamptz '2027-01-01' + n * interval '1 minute'`,
  },
  {
    table: 'sales_order',
    perThousand: 100,
    columns: 'id, account, branch, status, currency, total, cost_total',
    values: `md5('o' || n)::uuid, 'A' || 1 + n % $accounts, 'B1', 'SHIPPED', 'USD', n % 500 + 0.5, n % 300`,
  },
  {
    table: 'sales_order_line',
    perThousand: 200,
    columns: 'order_id, line_no, item, qty, list_price, unit_price, line_total, cost, engine, trace',
    values: `md5('o' || 1 + (n - 1) / 2)::uuid, 1 + (n - 1) % 2, 'I' || 1 + n % $items, 1 + n % 5, 9.5, 9, 9 * (1 + n % 5), 4,
      'waterfall', jsonb_build_array('rule P' || n)`,
  },
  {
    table: 'order_history_line',
    perThousand: 150,
    columns: 'invoice, line_no, item, description, qty, unit_price, account, invoiced_at',
    values: `'H' || (n + 9) / 10, n % 10, 'I' || 1 + n % $items, 'as sold ' || md5(n::text), 1 + n % 6, n % 77 + 0.1,
      'A' || 1 + n % $accounts, timestamptz '2024-01-01' + n * interval '1 minute'`,
  },
  {
    table: 'idempotency_key',
    perThousand: 50,
    columns: 'key, request_digest, status, answer',
    values: `'K' || n, md5(n::text), 201, jsonb_build_object('order', md5('o' || n))`,
  },
];

/** Puts `rows` rows of a tenant into the ten tables, with a few more that they refer to. */
export async function fillTenant(client: pg.Client, tenantId: string, rows: number): Promise<void> {
  const count = (fill: Fill): number => Math.max(1, Math.round((rows * fill.perThousand) / 1_000));
  const items = String(count(fills[0] as Fill));
  const accounts = String(count(fills[1] as Fill));
  await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [tenantId]);
  await client.query(`insert into region (code, name) values ('R1', 'North');
    insert into branch (code, name, region) values ('B1', 'Branch', 'R1');
    insert into warehouse (code, name, branch) values ('W1', 'Warehouse', 'B1')`);
  // Their references hold by construction; checking a million of them takes longer than the bench.
  await client.query('set session_replication_role = replica');
  for (const fill of fills) {
    const values = fill.values.replaceAll('$items', items).replaceAll('$accounts', accounts);
    await client.query(
      `insert into ${fill.table} (${fill.columns}) select ${values} from generate_series(1, ${count(fill)}) n`,
    );
  }
  await client.query('reset session_replication_role');
}

/**
 * A checksum over the rows that {@link fillTenant} made and no writer of the bench touches, table by table. Made in
 * another way than the product's own comparison, so that a fault of that one cannot hide.
 */
export async function fingerprint(client: pg.Client, tenantId: string): Promise<Record<string, string>> {
  const untouched: Record<string, string> = {
    item: 'true',
    account: 'true',
    price_rule: 'true',
    inbound_supply: 'true',
    order_history_line: 'true',
    stock_movement: `reference like 'receipt %'`,
    sales_order: `purchase_order is null`,
    sales_order_line: `engine = 'waterfall'`,
    idempotency_key: `key like 'K%'`,
  };
  const prints: Record<string, string> = {};
  for (const [table, where] of Object.entries(untouched)) {
    const { rows } = await client.query<{ print: string }>(
      `select count(*) || ':' || coalesce(sum(('x' || left(md5(to_jsonb(t)::text), 13))::bit(52)::bigint), 0) as print
       from ${table} t where tenant_id = $1 and ${where}`,
      [tenantId],
    );
    prints[table] = rows[0]?.print ?? '';
  }
  return prints;
}
