/**
 * Makes the tenant kits from the raw data sets: `node tenants/kits/build/build.mjs <raw data folder> [--out <folder>] [kit…]`.
 * The same raw data give the same bytes, so that a kit can be checked against its source at any time.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { adventureWorks } from './adventure-works.mjs';
import { albionGifts } from './albion-gifts.mjs';
import { bestbuyStores } from './bestbuy-stores.mjs';
import { writeKit } from './kit-writer.mjs';
import { northwind } from './northwind.mjs';
import { wideWorldImporters } from './wide-world-importers.mjs';

const builders = {
  northwind,
  'adventure-works': adventureWorks,
  'wide-world-importers': wideWorldImporters,
  'albion-gifts': albionGifts,
  'bestbuy-stores': bestbuyStores,
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
const [raw, ...wanted] = positionals;
const unknown = wanted.filter((name) => !(name in builders));
if (!raw || unknown.length > 0) {
  console.error(unknown.length > 0 ? `no such kit: ${unknown.join(', ')}` : 'the raw data folder is missing');
  console.error(
    `usage: node tenants/kits/build/build.mjs <raw data folder> [--out <folder>] [${Object.keys(builders).join('|')}]`,
  );
  process.exit(1);
}
const out = values.out ?? join(dirname(fileURLToPath(import.meta.url)), '..');
for (const [name, build] of Object.entries(builders)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const rows = writeKit(join(out, name), { name, ...build(raw) });
  console.error(`${name}: ${rows} rows`);
}
