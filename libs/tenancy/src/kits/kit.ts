import { z } from 'zod';

/**
 * Tables that a kit may fill. Orders, allocations and integration jobs come about by work alone,
 * and a kit has no say over them.
 */
const kitTables = [
  'region',
  'branch',
  'warehouse',
  'branch_sourcing',
  'buying_group',
  'account',
  'item_group',
  'item',
  'item_group_member',
  'price_rule',
  'pricing_policy',
  'stock',
  'stock_movement',
  'inbound_supply',
  'edi_partner',
  'order_history_line',
] as const;

const column = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'must be a column name')
  .refine((name) => name !== 'tenant_id', 'must not be tenant_id: the import sets it');

const kitFile = z.strictObject({
  /** Plain CSV or CSV compressed with gzip, beside kit.json. */
  file: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*\.csv(\.gz)?$/, 'must be a .csv or .csv.gz in the same folder'),
  table: z.enum(kitTables),
  columns: z.array(column).min(1),
  rows: z.int().min(1),
  /** Of the plain CSV, header included. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal'),
});

export const kitDescription = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower case letters, digits and hyphens'),
  title: z.string().min(1),
  sources: z.array(z.strictObject({ name: z.string(), url: z.url(), licence: z.string() })).min(1),
  /** What was derived from the sources, and how. */
  notes: z.array(z.string()),
  /** In the order in which they load. */
  files: z.array(kitFile).min(1),
});
export type KitFile = z.infer<typeof kitFile>;

/** Initial data of a tenant: CSV files whose columns are table columns. */
export interface Kit extends z.infer<typeof kitDescription> {
  directory: string;
}
