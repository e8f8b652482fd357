import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { chromiumPath, ConsoleBrowser } from '../support/console-browser.js';
import { TestStack } from '../support/stack.js';

/** Runs against TIERDECK_E2E_URL with TIERDECK_E2E_TOKEN if they are set, else against a stack of its own. */
const given = { url: process.env['TIERDECK_E2E_URL'], token: process.env['TIERDECK_E2E_TOKEN'] };

// Without a browser the test set-up says so, and the path is empty.
(chromiumPath ? describe : describe.skip)('console', () => {
  let stack: TestStack | undefined;
  let url: string;
  let token: string;
  let browser: ConsoleBrowser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    if (!given.url) stack = await TestStack.start();
    url = given.url ?? stack?.url ?? '';
    token = given.token ?? (await stack?.token('admin-token')) ?? '';
    browser = await ConsoleBrowser.open();
    ({ page, complaints } = browser);
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await stack?.remove();
  });

  const cell = (branch: string) => page.locator(`[data-branch="${branch}"]`);
  const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');

  it('refuses a wrong token with a reason and lets the right one in', async () => {
    await page.goto(`${url}/tenants`);
    await page.getByLabel('API token').fill('tierdeck_admin_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('A valid bearer token is needed.').waitFor();
    // The browser itself logs the 401 of the wrong token.
    expect(complaints.splice(0).filter((text) => !text.includes('401'))).toEqual([]);

    await page.getByLabel('API token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('grid', { name: 'Tenants' }).waitFor();
  });

  it('lists the real tenants with their tiers; a filter is part of the address', async () => {
    const grid = page.getByRole('grid', { name: 'Tenants' });
    await grid.getByText('Northwind Traders').waitFor();
    await grid.getByText('Wide World Importers').waitFor();
    await page.goto(`${url}/tenants?tier=${encodeURIComponent('["DEDICATED"]')}`);
    await grid.getByText('albion-gifts', { exact: true }).waitFor();
    expect(await grid.getByText('Northwind Traders').count()).toBe(0);
  });

  it('finds a tenant by keyboard alone and shows where it runs', async () => {
    await page.goto(`${url}/tenants`);
    await page.getByText('Northwind Traders').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('wide');
    await page.waitForURL(/q=wide/);
    await page
      .getByRole('grid', { name: 'Tenants' })
      .getByText('Northwind Traders')
      .waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/tenants\/wide-world-importers/);
    await page.getByText('Its own integration workers').waitFor();
    await page.getByText('Pooled database').waitFor();
  });

  it('switches pricing for one branch, shows it in the matrix and why, and takes it back', async () => {
    const branches = await tenantBranches('northwind');
    const [branch, other] = branches;
    if (!branch || !other) throw new Error('northwind has no two branches');
    await page.goto(`${url}/flags/pricing.engine?env=staging&at=${encodeURIComponent(`BRANCH:${branch}`)}`);
    await cell(branch).waitFor();
    const before = await cell(branch).getAttribute('aria-label');
    const otherBefore = await cell(other).getAttribute('aria-label');
    const engines = ['wwi-best-price', 'waterfall-v2'];
    const present = engines.find((engine) => before?.includes(engine));
    const wanted = engines.find((engine) => engine !== present) ?? '';

    await page.getByRole('combobox', { name: 'Value' }).click();
    await page.getByRole('option', { name: wanted }).click();
    await page.getByText('will change').waitFor();
    await page.getByRole('button', { name: 'Set rule' }).click();
    await page.getByText(/^Rule set for branch/).waitFor();
    await page.locator(`[data-branch="${branch}"][aria-label*="${wanted}"]`).waitFor();
    expect(await cell(other).getAttribute('aria-label')).toBe(otherBefore);
    await page.getByText('Won.').waitFor();

    await page.getByRole('button', { name: 'Undo' }).click();
    await page.locator(`[data-branch="${branch}"][aria-label*="${present}"]`).waitFor();
    expect(await cell(branch).getAttribute('aria-label')).toBe(before);
  });

  it('asks for the name of the flag before it kills one in production', async () => {
    await page.goto(`${url}/flags/pricing.percent-deals?env=production`);
    await page.getByRole('switch').first().click({ force: true });
    const dialog = page.getByRole('dialog');
    const kill = dialog.getByRole('button', { name: /Kill flag|Switch on/ });
    await kill.waitFor();
    expect(await kill.isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });

  it('paints cells of the matrix by keyboard, shows who changes, applies them and takes them back', async () => {
    await page.goto(`${url}/matrix?env=staging&tenant=northwind&q=percent-deals`);
    const grid = page.getByRole('grid', { name: 'Flags in staging' });
    const cells = grid.getByRole('gridcell');
    await cells.nth(2).getByText('off').waitFor();
    await grid.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByText('No rule matches, so the default is served.').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press(' ');
    await page.getByText('1 change in staging').waitFor();
    await page.getByText('see another value, in 1 tenant').waitFor();
    await page.getByRole('button', { name: 'Apply 1' }).click();
    await page.getByText('1 change applied in staging').waitFor();
    const own = grid.locator('[role="gridcell"][data-own="true"]');
    await own.getByText('on').waitFor();
    expect(await own.count()).toBe(1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await own.waitFor({ state: 'detached' });
  });

  it('lets a financial flag be painted on in production only with the approval of somebody else', async () => {
    await page.goto(`${url}/matrix?env=production&tenant=northwind&q=percent-deals`);
    const grid = page.getByRole('grid', { name: 'Flags in production' });
    await grid.getByRole('gridcell').first().getByText('off').waitFor();
    await grid.focus();
    await page.keyboard.press(' ');
    await page.getByRole('button', { name: 'Apply 1' }).click();
    await page.getByLabel('Type production to go on').fill('production');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.waitForURL(/change-requests\/[0-9a-f-]+/);
    await page.getByText('0 of 1 given').waitFor();
    expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);

    const id = page.url().replace(/.*change-requests\/([0-9a-f-]+).*/, '$1');
    const { createToken } = await ask<{ createToken: { secret: string } }>(
      'mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret } }',
      { input: { name: 'second-pair-of-eyes', role: 'release' } },
    );
    const { changeRequest } = await ask<{ changeRequest: { digest: string } }>(
      'query ($id: ID!) { changeRequest(id: $id) { digest } }',
      { id },
    );
    await ask(
      'mutation ($input: ReviewChangeRequestInput!) { approveChangeRequest(input: $input) { changeRequest { id } } }',
      { input: { id, digest: changeRequest.digest } },
      createToken.secret,
    );
    await page.getByText('second-pair-of-eyes').waitFor();
    await page.getByRole('button', { name: 'Apply now' }).click();
    await page.getByLabel('Type production to go on').fill('production');
    await page.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
    await page.getByText('Applied by').waitFor();

    await page.goto(`${url}/flags/pricing.percent-deals?env=production&at=TENANT:northwind`);
    await page.getByText('Won.').waitFor();
    await page.getByRole('button', { name: 'Clear rule' }).click();
    await page.getByText('No rule matches, so the default is served.').waitFor();
  });

  it('backs a tenant up and shows the archive', async () => {
    await page.goto(`${url}/tenants/northwind?tab=backups`);
    await page.getByRole('button', { name: 'Back up now' }).click();
    await page.waitForURL(/\/operations\//);
    await page.getByText('Succeeded').first().waitFor();
    await page.goto(`${url}/tenants/northwind?tab=backups`);
    await page.getByText('Complete').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('dialog').getByText('Side by side').waitFor();
    await page.keyboard.press('Escape');
  });

  it('shows all flags of a tenant with the reason of each', async () => {
    await page.goto(`${url}/tenants/northwind?tab=flags&env=production`);
    const grid = page.getByRole('grid', { name: 'Flags in production' });
    await grid.getByText('pricing.engine').click();
    await page.getByLabel('Explanation').getByText('gets').waitFor();
  });

  it('goes anywhere through the palette', async () => {
    await page.goto(`${url}/tenants`);
    await page.getByText('Northwind Traders').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByLabel('Palette search').fill('allocation');
    await page.getByRole('button', { name: /allocation\.engine/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/flags\/allocation\.engine/);
  });

  it('turns dark, and stays dark after a reload', async () => {
    expect(await scheme()).toBe('light');
    await page.getByRole('button', { name: 'Switch to dark' }).click();
    expect(await scheme()).toBe('dark');
    await page.reload();
    await page.getByRole('button', { name: 'Switch to light' }).waitFor();
    expect(await scheme()).toBe('dark');
  });

  it('shows every page without an error of the browser', async () => {
    const pages: [string, RegExp][] = [
      ['/operations', /Operations/],
      ['/instances', /Data plane/],
      ['/fleet', /Fleet/],
      ['/change-requests', /Approvals/],
      ['/matrix', /Matrix/],
      ['/playground?flags=%5B%22pricing.engine%22%5D&for=%5B%22northwind%22%5D', /Playground/],
      ['/tenants/northwind?tab=placement', /Northwind/],
      ['/releases', /Releases/],
      ['/releases/new', /Plan a release/],
      ['/quotas?tenant=northwind', /Quotas/],
      ['/tokens', /SDK tokens/],
      ['/alerts', /Security alerts/],
      ['/import', /Import from Unleash/],
      ['/audit', /Audit/],
      ['/onboard', /Onboard tenant/],
    ];
    for (const [path, title] of pages) {
      await page.goto(`${url}${path}`);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
      await page.waitForLoadState('networkidle');
      expect(await page.getByRole('alert').allTextContents()).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });

  /** Keys of the branches of a tenant, as the matrix names them. */
  async function tenantBranches(slug: string): Promise<string[]> {
    const { tenant } = await ask<{ tenant: { units: { edges: { node: { key: string } }[] } } }>(
      'query ($slug: String!) { tenant(slug: $slug) { units(kind: BRANCH, first: 2) { edges { node { key } } } } }',
      { slug },
    );
    return tenant.units.edges.map(({ node }) => node.key);
  }

  /** A GraphQL request beside the browser. */
  async function ask<T>(query: string, variables: Record<string, unknown>, bearer = token): Promise<T> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
});
