import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatCsv } from './csv.mjs';

/** Tables in the order in which their foreign keys let them load. */
const tableOrder = [
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
  'edi_partner',
  'order_history_line',
];

/** Bytes from which a file is stored compressed. */
const compressFrom = 256 * 1024;

/**
 * Writes `<folder>/kit.json`, a CSV for each table that has rows, and the licence texts.
 * @returns {number} rows written
 */
export function writeKit(folder, { name, title, sources, notes, tables, licenceFiles = [], attribution }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const strangers = Object.keys(tables).filter((table) => !tableOrder.includes(table));
  if (strangers.length > 0) throw new Error(`kit ${name} has unknown tables: ${strangers.join(', ')}`);
  const files = tableOrder
    .filter((table) => tables[table]?.length > 0)
    .map((table) => writeTable(folder, table, tables[table]));
  const kit = { name, title, sources, notes, files };
  writeFileSync(join(folder, 'kit.json'), `${JSON.stringify(kit, null, 2)}\n`);
  for (const licence of licenceFiles) writeFileSync(join(folder, basename(licence)), readFileSync(licence));
  if (attribution) writeFileSync(join(folder, 'ATTRIBUTION'), `${attribution.join('\n')}\n`);
  return files.reduce((total, file) => total + file.rows, 0);
}

function writeTable(folder, table, rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const text = Buffer.from(formatCsv(columns, rows), 'utf8');
  const compressed = text.length >= compressFrom;
  const file = `${table}.csv${compressed ? '.gz' : ''}`;
  writeFileSync(join(folder, file), compressed ? gzipSync(text, { level: 9 }) : text);
  // Of the plain CSV: compressed bytes may differ from one zlib to the next.
  return {
    file,
    table,
    columns,
    rows: rows.length,
    sha256: createHash('sha256').update(text).digest('hex'),
  };
}
