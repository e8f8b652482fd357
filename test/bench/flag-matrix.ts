import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { chromiumPath, ConsoleBrowser } from '../support/console-browser.js';
import { adminToken, type ControlPlaneProcess } from './control-plane-process.js';
import { applyFlags, setRule } from './flag-world.js';
import { median, quantile } from './measure.js';
import type { Measurement } from './report.js';

const flagCount = 500;
const tenantCount = 1_250;
const branchesPerTenant = 4;
const columnCount = tenantCount * (1 + branchesPerTenant);
const scrollMs = 4_000;
const jumps = 15;
/** A screen of 60 Hz; a browser without one ticks at 60 to within a few per cent. */
const frameMs = 1_000 / 60;
const pageScript = fileURLToPath(new URL('flag-matrix-page.mjs', import.meta.url));

/** Pixels in each frame, and after how many to turn round. What only flies by is not read: those cells stay empty. */
const ways = [
  { name: 'rightwards', right: 60, down: 0, frames: 1e6 },
  { name: 'downwards', right: 0, down: 40, frames: 1e6 },
  { name: 'both ways at once', right: 60, down: 20, frames: 1e6 },
  // Within 40 rows and 60 columns, which the console reads at once.
  { name: 'to and fro over values', right: 60, down: 7, frames: 60 },
];

/** The other parts of the bench go on. */
const withoutBrowser: Measurement = {
  name: `matrix ${flagCount} × ${columnCount}`,
  ours: 'not measured: no Chromium (TIERDECK_CHROMIUM)',
  reference: '60 Hz',
  ratio: 0,
  goal: '≥ 58 frames/s',
  reached: false,
};

/** The matrix of the built console in a real browser: 500 flags by 6,250 tenants and branches. */
export async function benchFlagMatrix(controlPlane: ControlPlaneProcess): Promise<Measurement[]> {
  if (!chromiumPath) return [withoutBrowser];
  await prepare(controlPlane);
  const browser = await ConsoleBrowser.open(adminToken);
  try {
    const { page } = browser;
    await page.addInitScript({ path: pageScript });
    await page.goto(`${controlPlane.url}/matrix?env=production`);
    await page.locator('[data-matrix-scroll] [role="gridcell"] span').first().waitFor();
    const [rows, columns] = await page.evaluate<number[]>('matrixBench.size()');
    if (rows !== flagCount || columns !== columnCount) throw new Error(`the matrix is ${rows} × ${columns}`);
    // Once unmeasured: the browser compiles what it runs often.
    await page.evaluate('matrixBench.scroll(60, 20, 1e6, 1000)');
    const measurements: Measurement[] = [];
    for (const way of ways) measurements.push(await scrolling(page, way));
    measurements.push(await filling(page));
    if (browser.complaints.length > 0) throw new Error(browser.complaints.join('\n'));
    return measurements;
  } finally {
    await browser.close();
  }
}

async function scrolling(
  page: Page,
  { name, right, down, frames }: (typeof ways)[number],
): Promise<Measurement> {
  await page.evaluate('matrixBench.fill(0, 0)');
  const intervals = await page.evaluate<number[]>(
    `matrixBench.scroll(${right}, ${down}, ${frames}, ${scrollMs})`,
  );
  const framesPerSecond = 1_000 / median(intervals);
  const late = intervals.filter((ms) => ms > 1.5 * frameMs).length / intervals.length;
  const worst = Math.max(...intervals);
  return {
    name: `matrix ${flagCount} × ${columnCount}, scrolling ${name}`,
    ours: `median ${framesPerSecond.toFixed(1)} frames/s, ${(late * 100).toFixed(1)} % late, worst ${worst.toFixed(0)} ms`,
    reference: '60 Hz; late: over 25 ms',
    ratio: framesPerSecond / 60,
    goal: '≥ 58 frames/s',
    reached: framesPerSecond >= 58,
  };
}

/** Jumps all over the matrix: each lands where nothing has been read. */
async function filling(page: Page): Promise<Measurement> {
  const times: number[] = [];
  for (let jump = 1; jump <= jumps; jump++) {
    const [x, y] = [jump / (jumps + 1), ((jump * 7) % jumps) / jumps];
    times.push(await page.evaluate<number>(`matrixBench.fill(${x}, ${y})`));
  }
  const [middle, last] = [median(times), quantile(times, 1)];
  return {
    name: 'matrix, a jump until every cell in view has its value',
    ours: `median ${middle.toFixed(0)} ms, worst ${last.toFixed(0)} ms`,
    reference: 'of which 50 ms wait for the scrolling to rest',
    ratio: middle / 300,
    goal: '≤ 300 ms',
    reached: middle <= 300,
  };
}

async function prepare(controlPlane: ControlPlaneProcess): Promise<void> {
  const tenants = Array.from({ length: tenantCount }, (_, index) => `tenant-${index}`);
  // Through the API this would take an hour.
  await controlPlane.query(
    `with t as (
       insert into tenant (id, slug, name, plan, status, region, database_placement, worker_placement)
       select gen_random_uuid(), slug, slug, 'standard', 'ACTIVE', 'eu', 'SHARED', 'SHARED'
       from unnest($1::text[]) as slug returning id
     )
     insert into unit (tenant_id, kind, code, name)
     select t.id, 'BRANCH', 'branch-' || n, 'Branch ' || n from t, generate_series(1, $2) as n`,
    [tenants, branchesPerTenant],
  );
  await applyFlags(controlPlane, flagCount);
  // Neighbours that differ: a rule for a tenth of the tenants and of the branches in every flag.
  await controlPlane.query(
    `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, set_by)
     select gen_random_uuid(), f.key, 'production', kind,
       t.slug || case kind when 'BRANCH' then '/branch-' || 1 + n % $1 else '' end, n % 3 > 0, 'bench'
     from (select key, row_number() over (order by key) as at from flag) f,
       (select slug, row_number() over (order by slug) as at from tenant) t,
       unnest(array['TENANT', 'BRANCH']) as kind, lateral (select f.at + t.at as n) n
     where n % 10 = 0`,
    [branchesPerTenant],
  );
  await setRule(controlPlane, 'bench.flag-000', true, { kind: 'TENANT', key: 'tenant-1' });
  // As autovacuum does; the PostgreSQL of the bench has none.
  await controlPlane.query('analyze', []);
}
