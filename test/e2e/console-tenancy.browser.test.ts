import { readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Page } from 'playwright-core';
import { chromiumPath, ConsoleBrowser } from '../support/console-browser.js';
import { testPostgresUrl } from '../support/database.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

/** A whole walk through a wizard, in milliseconds. */
const walk = 120_000;

// Without a browser the test set-up says so, and the path is empty.
(chromiumPath ? describe : describe.skip)('console: tenancy', () => {
  let stack: TestStack;
  let browser: ConsoleBrowser;
  let page: Page;

  beforeAll(async () => {
    stack = await TestStack.start();
    browser = await ConsoleBrowser.open(await stack.token('admin-token'));
    ({ page } = browser);
    for (const slug of ['shop-one', 'shop-two']) {
      await stack.ask(
        `mutation ($slug: String!) {
           onboardTenant(input: { slug: $slug, name: $slug, kit: "northwind" }) { operation { id } } }`,
        { slug },
      );
      await until(async () => (await tenant(slug)).status === 'ACTIVE');
    }
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await stack?.remove();
  });

  const open = (path: string) => page.goto(`${stack.url}${path}`);
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');

  it(
    'registers another cluster with its rate card, and changes that',
    async () => {
      const server = new URL(testPostgresUrl());
      await open('/clusters');
      await page.getByRole('table', { name: 'Database clusters' }).getByText('local').first().waitFor();
      await button('Register cluster').click();
      await dialog().getByLabel('Name').fill('second');
      await dialog().getByLabel('Region').fill('local');
      await dialog().getByLabel('Host').fill(server.hostname);
      await dialog().getByLabel('Port').fill(server.port);
      await dialog().getByLabel('Superuser').fill(server.username);
      await dialog().getByRole('textbox', { name: 'Password' }).fill('wrong');
      await dialog().getByLabel('Room, databases').fill('9');
      await dialog().getByLabel('Database of its own').fill('120');
      await dialog().getByRole('button', { name: 'Register' }).click();
      await dialog().getByRole('alert').waitFor();
      // The browser itself logs the refusal of the wrong password.
      expect(browser.complaints.splice(0).filter((text) => !text.includes('503'))).toEqual([]);
      await dialog().getByRole('textbox', { name: 'Password' }).fill(server.password);
      await dialog().getByRole('button', { name: 'Register' }).click();
      await page.getByRole('meter', { name: 'Databases of second' }).waitFor();

      await button('Edit second').click();
      await page.waitForURL(/cluster=second/);
      await dialog().getByLabel('Database of its own').fill('95');
      await dialog().getByRole('button', { name: 'Save' }).click();
      await dialog().waitFor({ state: 'detached' });
      await page
        .getByRole('row', { name: /second/ })
        .getByText('95')
        .waitFor();
    },
    walk,
  );

  it(
    'refuses writes alone, shows it wherever the tenant is, and serves it again',
    async () => {
      await open('/tenants/shop-one?tab=lifecycle');
      await button('Suspend').click();
      await dialog()
        .getByRole('radio', { name: /^Writes/ })
        .waitFor();
      expect(await dialog().getByRole('button', { name: 'Refuse writes' }).isDisabled()).toBe(true);
      await dialog().getByLabel('Reason').fill('stocktaking');
      await dialog().getByRole('button', { name: 'Refuse writes' }).click();
      await page.getByRole('note').getByText('Read only').waitFor();
      expect(await tenant('shop-one')).toMatchObject({ status: 'SUSPENDED', suspension: 'READ_ONLY' });
      await open('/tenants?q=shop-one');
      await page
        .getByRole('row', { name: /shop-one/ })
        .getByText('Read only')
        .waitFor();

      await open('/tenants/shop-one?tab=lifecycle');
      await button('Change what is refused').click();
      const everything = dialog().getByRole('button', { name: 'Refuse everything' });
      await dialog().getByLabel('Reason').fill('unpaid');
      expect(await everything.isDisabled()).toBe(true);
      await dialog().getByLabel('Type shop-one to go on').fill('shop-one');
      await everything.click();
      await page.getByRole('note').getByText('Suspended').waitFor();
      await button('Serve it again').click();
      await until(async () => (await tenant('shop-one')).status === 'ACTIVE');
    },
    walk,
  );

  it(
    'moves a tenant to a cluster of choice, with plan and picture, and takes it back',
    async () => {
      await open('/tenants/shop-one?tab=placement');
      await page.getByText('Pooled database, own workers').waitFor();
      await open('/tenants/shop-one/move');
      expect(await button('Next').isDisabled()).toBe(true);
      await page.getByRole('radio', { name: /^second/ }).click();
      await page.getByRole('radio', { name: /^Dedicated Its own database/ }).click();
      await page.getByText('Make a database of its own on cluster "second" ready').waitFor();
      await button('Next').click();
      await page.getByText('Rows to copy').waitFor();
      // What it costs now nobody has said, so no difference is made up.
      await page.getByRole('link', { name: 'set that of local' }).waitFor();
      await button('Start the move').click();
      await page.getByRole('img', { name: /shop-one is in second\/tenant_shop_one/ }).waitFor();
      await page.getByText('Can be undone for').waitFor();
      await page.getByText('Keep the way back open').waitFor();

      await button('Undo').click();
      await dialog().getByRole('button', { name: 'Move back' }).click();
      await page.getByRole('table', { name: 'Moves so far' }).getByText('Undone').waitFor();
      expect((await tenant('shop-one')).database).toMatchObject({ cluster: 'local', placement: 'SHARED' });
    },
    walk,
  );

  it(
    'aborts a running move: the tenant stays, and nothing of the move does',
    async () => {
      const before = await sql(home, 'select database_id, status from tenant where slug = $1', ['shop-one']);
      // Its slot waits for every older transaction of the server, so the move cannot go on while this one is open.
      const held = new pg.Client({ connectionString: await stack.postgresUrl() });
      await held.connect();
      await held.query('begin');
      await held.query('select pg_current_xact_id()');
      try {
        await moveToOwn('shop-one');
        await open('/tenants/shop-one?tab=placement');
        await button('Abort').click();
        await page.getByRole('table', { name: 'Moves so far' }).getByText('Aborted').waitFor();
      } finally {
        await held.end();
      }
      expect(await sql(home, lastMove, ['shop-one'])).toEqual([{ state: 'ABORTED' }]);
      expect(await sql(home, 'select database_id, status from tenant where slug = $1', ['shop-one'])).toEqual(
        before,
      );
      expect(await sql(home, 'select slot_name from pg_replication_slots')).toEqual([]);
      expect(await sql(home, `select datname from pg_database where datname = 'tenant_shop_one'`)).toEqual(
        [],
      );
    },
    walk,
  );

  it(
    'ends the undo window at once: the former home is erased',
    async () => {
      const { name: pool } = (await tenant('shop-one')).database;
      const rowsIn = async (database: string) =>
        (await sql<{ n: number }>(database, itemsOf, [await idOf('shop-one')]))[0]?.n;
      const items = await rowsIn(pool);
      await moveToOwn('shop-one');
      await open('/tenants/shop-one?tab=placement');
      await button('Finish now').click();
      expect(await dialog().getByRole('button', { name: 'Finish' }).isDisabled()).toBe(true);
      await dialog().getByLabel('Type shop-one to go on').fill('shop-one');
      await dialog().getByRole('button', { name: 'Finish' }).click();
      await page.getByRole('table', { name: 'Moves so far' }).getByText('Finished').waitFor();
      expect(await sql(home, lastMove, ['shop-one'])).toEqual([{ state: 'FINISHED' }]);
      const own = (await tenant('shop-one')).database;
      expect(own.placement).toBe('DEDICATED');
      expect([await rowsIn(pool), await rowsIn(own.name)]).toEqual([0, items]);
      expect(items).toBeGreaterThan(0);
    },
    walk,
  );

  it(
    'takes a tenant back to an archived state in place',
    async () => {
      const { name } = (await tenant('shop-one')).database;
      const values = [await idOf('shop-one')];
      const described = 'select sku, description from item where tenant_id = $1 order by sku';
      const before = await sql(name, described, values);
      await stack.ask('mutation { backUpTenant(input: { tenant: "shop-one" }) { operation { id } } }');
      await open('/tenants/shop-one?tab=backups');
      const archives = page.getByRole('table', { name: 'Archives' });
      await archives.getByText('Complete').first().waitFor();
      await sql(name, `update item set description = 'spoilt' where tenant_id = $1`, values);
      await archives.getByRole('button', { name: 'Restore' }).first().click();
      await dialog()
        .getByRole('radio', { name: /^In place/ })
        .click();
      const restore = dialog().getByRole('button', { name: 'Restore', exact: true });
      expect(await restore.isDisabled()).toBe(true);
      await dialog().getByLabel('Type shop-one to go on').fill('shop-one');
      await restore.click();
      await page.waitForURL(/\/operations\//);
      await page.getByText('Succeeded').first().waitFor();
      expect(await sql(name, described, values)).toEqual(before);
      expect((await tenant('shop-one')).status).toBe('ACTIVE');
      await open('/tenants/shop-one?tab=backups');
      // What it had just before was archived too, so the restore itself can be undone.
      await page.getByRole('button', { name: 'State before it' }).first().waitFor();
    },
    walk,
  );

  it(
    'sets another backup policy, drills, restores beside the tenant and hands an archive over',
    async () => {
      await open('/tenants/shop-two?tab=backups');
      await button('Change').click();
      await dialog().getByLabel('Archive every, minutes').fill('90');
      await dialog().getByRole('button', { name: 'Save' }).click();
      await page.getByText('every 1 h 30 min').waitFor();
      await stack.ask('mutation { backUpTenant(input: { tenant: "shop-two" }) { operation { id } } }');
      const archives = page.getByRole('table', { name: 'Archives' });
      await archives.getByText('Complete').first().waitFor();

      await archives.getByRole('button', { name: 'Download' }).first().click();
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('menuitem', { name: /In clear/ }).click(),
      ]);
      const file = await download.path();
      expect((await stat(file)).size).toBeGreaterThan(1_000);
      // What tar and gzip begin with.
      expect([...(await readFile(file)).subarray(0, 2)]).toEqual([0x1f, 0x8b]);

      await archives.getByRole('button', { name: 'Restore' }).first().click();
      await dialog()
        .getByRole('radio', { name: /^Side by side/ })
        .waitFor();
      await dialog().getByLabel('Hours until it is dropped').fill('2');
      await dialog().getByRole('button', { name: 'Restore', exact: true }).click();
      await page.waitForURL(/\/operations\//);
      await page.getByText('Succeeded').first().waitFor();
      await stack.ask('mutation { runRestoreDrill(input: { tenant: "shop-two" }) { operation { id } } }');
      await open('/tenants/shop-two?tab=backups');
      await page.getByRole('table', { name: 'Restores' }).getByText('Side by side').waitFor();
      await page.getByRole('table', { name: 'Restore drills' }).getByText('Passed').waitFor();
    },
    walk,
  );

  it(
    'offboards a tenant: inventory, hold, retention, back again, and the receipt in the end',
    async () => {
      await open('/tenants/shop-two/offboard');
      await page.getByRole('table', { name: 'Rows by table' }).getByText('order_history_line').waitFor();
      await button('Next').click();
      await page.getByText('Newest archive').waitFor();
      await button('Next').click();
      await button('Place hold').click();
      await dialog().getByLabel('Reason').fill('lawsuit');
      await dialog().getByRole('button', { name: 'Place hold' }).click();
      await page.getByText('A legal hold keeps the data: lawsuit').waitFor();
      expect(await button('Next').isDisabled()).toBe(true);
      await button('Release').click();
      await dialog().getByLabel('Reason').fill('settled');
      await dialog().getByRole('button', { name: 'Release hold' }).click();
      await page.getByText('Nothing stands in the way.').waitFor();
      await button('Next').click();
      await page.getByLabel('Reason').fill('contract ended');
      expect(await button('Offboard shop-two').isDisabled()).toBe(true);
      await page.getByLabel('Type shop-two to go on').fill('shop-two');
      await button('Offboard shop-two').click();

      await page.getByText('Can be brought back for').waitFor();
      await button('Bring back').click();
      await dialog().getByRole('button', { name: 'Bring back' }).click();
      await page.getByText('It is served.').waitFor();

      await open('/tenants/shop-two/offboard');
      for (let step = 0; step < 3; step += 1) await button('Next').click();
      await page.getByLabel('Hours that it can be brought back').fill('0');
      await page.getByText('There is no way back.').waitFor();
      await page.getByLabel('Reason').fill('contract ended');
      await page.getByLabel('Type shop-two to go on').fill('shop-two');
      await button('Offboard shop-two').click();
      const receipt = page.getByRole('table', { name: 'What was looked for' });
      await receipt.getByText('Login role').first().waitFor();
      await page.getByText(/things were looked for, 0 found/).waitFor();
    },
    walk,
  );

  it(
    'fits a narrow window and a dark one, without an error of the browser',
    async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme: 'dark' });
      const paths = [
        '/clusters',
        '/fleet',
        '/tenants/shop-one',
        '/tenants/shop-one?tab=placement',
        '/tenants/shop-one?tab=backups',
        '/tenants/shop-one?tab=lifecycle',
        '/tenants/shop-two?tab=lifecycle',
        '/tenants/shop-one/move',
        '/tenants/shop-one/offboard',
      ];
      for (const path of paths) {
        await open(path);
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForLoadState('networkidle');
        const sideways = await page.locator('main').evaluate((main) => main.scrollWidth - main.clientWidth);
        expect([path, sideways]).toEqual([path, 0]);
      }
      expect(browser.complaints).toEqual([]);
    },
    walk,
  );

  /** The control plane's database. */
  const home = 'tierdeck';
  const itemsOf = 'select count(*)::int as n from item where tenant_id = $1';
  const lastMove = `select m.state from tenant_move m join tenant t on t.id = m.tenant_id where t.slug = $1
    order by m.created_at desc limit 1`;

  /** Looks into a database of the stack beside everything else. */
  async function sql<Row extends pg.QueryResultRow>(
    database: string,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    const client = new pg.Client({ connectionString: await stack.postgresUrl(database) });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  async function idOf(slug: string): Promise<string> {
    const [row] = await sql<{ id: string }>(home, 'select id from tenant where slug = $1', [slug]);
    return row?.id ?? '';
  }

  const moveToOwn = (slug: string) =>
    stack.ask(
      `mutation { changePlacement(input: { tenant: "${slug}", database: DEDICATED }) { operation { id } } }`,
    );

  interface Shown {
    status: string;
    suspension: string | null;
    database: { cluster: string; placement: string; name: string };
  }

  async function tenant(slug: string): Promise<Shown> {
    const { tenant: found } = await stack.ask<{ tenant: Shown }>(
      'query ($slug: String!) { tenant(slug: $slug) { status suspension database { cluster placement name } } }',
      { slug },
    );
    return found;
  }
});
