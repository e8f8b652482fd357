import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { InMemStorageProvider, Unleash, type UnleashConfig } from 'unleash-client';
import { chromiumPath, ConsoleBrowser } from '../support/console-browser.js';
import { HeldProxy } from '../support/held-proxy.js';
import { TestStack } from '../support/stack.js';
import { until } from '../support/until.js';

const wwi = 'wide-world-importers';

// Without a browser the test set-up says so, and the path is empty.
(chromiumPath ? describe : describe.skip)('console: changes and who has them', () => {
  let stack: TestStack;
  let browser: ConsoleBrowser;
  let page: Page;

  beforeAll(async () => {
    stack = await TestStack.start();
    browser = await ConsoleBrowser.open(await stack.token('admin-token'));
    ({ page } = browser);
    for (const key of ['walk.banner', 'walk.search'])
      await stack.ask(`mutation { createFlag(input: { key: "${key}", kind: BOOLEAN }) { revision } }`);
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await stack?.remove();
  });

  const open = (path: string) => page.goto(`${stack.url}${path}`);

  interface Request {
    id: string;
    status: string;
    statusReason: string | null;
    approvals: { by: string }[];
    changes: object[];
  }
  const requestFields = 'id status statusReason approvals { by comment } changes { summary }';

  async function openRequest(environment: string, title: string, change: string): Promise<string> {
    const { openChangeRequest } = await stack.ask<{ openChangeRequest: { changeRequest: { id: string } } }>(
      `mutation { openChangeRequest(input: { environment: "${environment}", title: "${title}", submit: true,
         changes: [{ ${change} }] }) { changeRequest { id } } }`,
    );
    return openChangeRequest.changeRequest.id;
  }

  async function request(id: string): Promise<Request> {
    const { changeRequest } = await stack.ask<{ changeRequest: Request }>(
      `{ changeRequest(id: "${id}") { ${requestFields} } }`,
    );
    return changeRequest;
  }

  async function rules(flag: string, environment: string): Promise<string[]> {
    const { flag: found } = await stack.ask<{ flag: { rules: { scope: { key: string } }[] } }>(
      `{ flag(key: "${flag}") { rules(environment: "${environment}") { scope { key } } } }`,
    );
    return found.rules.map(({ scope }) => scope.key).toSorted();
  }

  it('are approved and sent back in the inbox by somebody else, and applied', async () => {
    const tenant = (slug: string) => `scope: { kind: TENANT, key: "${slug}" }`;
    const wanted = await openRequest(
      'production',
      'Deals for Albion',
      `kind: SET_RULE, flag: "pricing.percent-deals", enabled: true, ${tenant('albion-gifts')}`,
    );
    const unwanted = await openRequest(
      'production',
      'Waterfall for Albion',
      `kind: SET_RULE, flag: "pricing.engine", enabled: true, variant: "waterfall-v2", ${tenant('albion-gifts')}`,
    );
    const { createToken } = await stack.ask<{ createToken: { secret: string } }>(
      'mutation { createToken(input: { name: "reviewer", role: release }) { secret } }',
    );
    const reviewer = await ConsoleBrowser.open(createToken.secret);
    try {
      const { page: inbox } = reviewer;
      await inbox.goto(`${stack.url}/change-requests`);
      await inbox.getByRole('grid', { name: 'Change requests' }).getByText('Waterfall for Albion').click();
      await inbox.getByRole('button', { name: 'Reject' }).click();
      const reject = inbox.getByRole('dialog').getByRole('button', { name: 'Reject' });
      expect(await reject.isDisabled()).toBe(true);
      await inbox.getByRole('dialog').getByLabel('Reason').fill('not before stocktaking');
      await reject.click();
      await inbox.getByText('not before stocktaking').first().waitFor();
      expect(await request(unwanted)).toMatchObject({ status: 'REJECTED', approvals: [] });

      await inbox.goto(`${stack.url}/change-requests`);
      await inbox.getByRole('grid', { name: 'Change requests' }).getByText('Deals for Albion').click();
      await inbox.getByText('0 of 1 given').waitFor();
      await inbox.getByRole('button', { name: 'Approve' }).click();
      await inbox.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
      await inbox.getByText('1 of 1 given').waitFor();
      expect(await rules('pricing.percent-deals', 'production')).toEqual([]);
      await inbox.getByRole('button', { name: 'Apply now' }).click();
      await inbox.getByLabel('Type production to go on').fill('production');
      await inbox.getByRole('dialog').getByRole('button', { name: 'Apply' }).click();
      await inbox.getByText('Applied by').waitFor();
      expect(reviewer.complaints).toEqual([]);
    } finally {
      await reviewer.close();
    }
    expect(await request(wanted)).toMatchObject({ status: 'APPLIED', approvals: [{ by: 'reviewer' }] });
    expect(await rules('pricing.percent-deals', 'production')).toEqual(['albion-gifts']);
    expect(await rules('pricing.engine', 'production')).toEqual([]);
  });

  it('are painted over many cells of the matrix and made as one set', async () => {
    await open('/matrix?env=staging&tenant=northwind&q=walk');
    const cells = page.getByRole('grid', { name: 'Flags in staging' }).getByRole('gridcell');
    await cells.nth(2).getByText('off').waitFor();
    await page.getByText('Paint on', { exact: true }).click();
    const [first, third] = [await cells.first().boundingBox(), await cells.nth(2).boundingBox()];
    if (!first || !third) throw new Error('the matrix has no three columns');
    const middle = (box: typeof first): [number, number] => [box.x + box.width / 2, box.y + box.height / 2];
    await page.mouse.move(...middle(first));
    await page.mouse.down();
    await page.mouse.move(...middle(third), { steps: 6 });
    await page.mouse.move(middle(third)[0], middle(third)[1] + first.height, { steps: 6 });
    await page.mouse.up();
    await page.getByText('6 changes in staging').waitFor();
    expect(await rules('walk.banner', 'staging')).toEqual([]);
    await page.getByRole('button', { name: 'Apply 6' }).click();
    await page.getByText('6 changes applied in staging').waitFor();
    const painted = await rules('walk.banner', 'staging');
    expect(painted).toHaveLength(3);
    expect(await rules('walk.search', 'staging')).toEqual(painted);
    const { changeRequests } = await stack.ask<{ changeRequests: { edges: { node: Request }[] } }>(
      `{ changeRequests(environment: "staging", status: [APPLIED]) { edges { node { ${requestFields} } } } }`,
    );
    expect(changeRequests.edges.map(({ node }) => node.changes.length)).toEqual([6]);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('6 changes taken back').waitFor();
    expect(await rules('walk.banner', 'staging')).toEqual([]);
  });

  it('are shown with the SDK that has not got them yet, until all have', async () => {
    const { createSdkToken } = await stack.ask<{ createSdkToken: { secret: string } }>(
      'mutation { createSdkToken(input: { name: "walk", kind: CLIENT, environment: "staging" }) { secret } }',
    );
    const sdk = (instanceId: string, url: string, config: Partial<UnleashConfig>) =>
      new Unleash({
        url: `${url}/api`,
        appName: 'walkers',
        instanceId,
        customHeaders: { Authorization: createSdkToken.secret },
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: new InMemStorageProvider(),
        ...config,
      });
    const proxy = await HeldProxy.start(stack.url);
    const streams = sdk('streams', stack.url, { experimentalMode: { type: 'streaming' } });
    const polls = sdk('polls', proxy.url, { refreshInterval: 200 });
    const synchronized = (one: Unleash) => new Promise((resolve) => one.once('synchronized', resolve));
    try {
      await Promise.all([streams, polls].map(synchronized));
      await open('/flags/walk.banner?env=staging');
      await page.getByText('2 of 2').first().waitFor();
      proxy.hold();
      await page.getByRole('switch').first().click({ force: true });
      await page.getByText('1 of 2 connected instances have it; waiting for polls.').waitFor();
      proxy.release();
      await page.getByText('All 2 connected instances have it.').waitFor();
      await page.getByRole('switch').first().click({ force: true });
      await page.getByText('Killed in staging').waitFor({ state: 'detached' });
    } finally {
      streams.destroy();
      polls.destroy();
      await proxy.stop();
    }
  });

  it('of an engine are shown beside what its shadow would have answered', async () => {
    await stack.ask(`mutation { setFlagRule(input: { flag: "pricing.shadow", environment: "production",
      enabled: true, variant: "waterfall-v2", scope: { kind: TENANT, key: "${wwi}" } }) { revision } }`);
    const token = await stack.token(`tenant-tokens/${wwi}`);
    const body = { account: 'tailspin-toys-far-west', lines: [{ sku: 'WWI-001', quantity: 1 }] };
    const quoted = async (): Promise<boolean> => {
      await fetch(`${stack.distributionUrl}/quotes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const { shadowDifferences } = await stack.ask<{ shadowDifferences: { compared: number }[] }>(
        '{ shadowDifferences(subject: pricing) { compared } }',
      );
      return shadowDifferences.some(({ compared }) => compared > 0);
    };
    await until(quoted);
    await open('/flags/pricing.engine?env=production');
    const table = page.getByRole('table', { name: 'Shadow of the last day' });
    await table.getByText('Wide World Importers').first().waitFor();
    await table.getByText('wwi-best-price, waterfall-v2').first().waitFor();
    await table.getByText(new RegExp(`^\\d+ of \\d+ `)).first().waitFor();
  });

  it('are scheduled, shown on the flag until then, and made at their time', async () => {
    const change =
      'kind: SET_RULE, flag: "walk.search", enabled: true, scope: { kind: TENANT, key: "northwind" }';
    const id = await openRequest('staging', 'Search in spring', change);
    await open(`/change-requests/${id}`);
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Apply at a time' }).click();
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);
    await page.getByRole('dialog').getByLabel('Time').fill(tomorrow);
    await page.getByRole('button', { name: 'Schedule' }).click();
    await page.getByText('Approved. If somebody changes the same before').waitFor();
    expect((await request(id)).status).toBe('SCHEDULED');
    await open('/flags/walk.search?env=staging');
    const coming = page.getByRole('link', { name: /Search in spring/ }).first();
    await coming.getByText(/applied \d+ \w+ 20\d\d/).waitFor();
    await coming.click();
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name: 'Cancel the schedule' }).click();
    await until(async () => (await request(id)).status === 'IN_REVIEW');

    const at = new Date(Date.now() + 1_500).toISOString();
    await stack.ask(
      `mutation { scheduleChangeRequest(input: { id: "${id}", at: "${at}" }) { changeRequest { id } } }`,
    );
    await page.getByText('Applied by').waitFor();
    expect(await rules('walk.search', 'staging')).toEqual(['northwind']);
  });

  it('are made with the places of code that name the flag in view', async () => {
    await stack.ask(`mutation { uploadCodeReferences(input: { repository: "shop", commit: "abc", files: 2, references: [
      { flag: "walk.search", path: "src/search.ts", line: 12, excerpt: "isEnabled('walk.search')" },
      { flag: "walk.search", path: "src/menu.ts", line: 3 }] }) { kept } }`);
    await open('/flags/walk.search?env=staging');
    await page.getByText('src/search.ts:12').waitFor();
    await page.getByText('src/menu.ts:3').waitFor();
  });

  it('are drafted over many environments in the playground, and asked for in each', async () => {
    const json = (value: string[]) => encodeURIComponent(JSON.stringify(value));
    await stack.ask('mutation { createEnvironment(input: { name: "pilot" }) { name } }');
    await open(
      `/playground?flags=${json(['walk.banner', 'walk.search'])}&in=${json(['staging', 'pilot', 'production'])}&for=${json(['northwind', wwi])}`,
    );
    const grid = page.getByRole('grid', { name: 'Decisions' });
    await grid.getByText('pilot').first().waitFor();
    expect(await grid.getByRole('row').count()).toBe(1 + 2 * 3 * 2);
    await page.getByRole('button', { name: 'Draft rules' }).click();
    await page.getByRole('combobox', { name: 'Scope' }).click();
    await page.getByRole('option', { name: /^All of/ }).click();
    await page.getByRole('button', { name: 'Draft this rule' }).click();
    await page.getByText('Only those that change: 6').waitFor();
    await page.getByRole('checkbox', { name: 'pilot' }).uncheck();
    await page.getByRole('button', { name: 'Open 2 change requests' }).click();
    await page.getByText('The draft is in force in staging, production').waitFor();
    expect(await rules('walk.banner', 'staging')).toEqual(['*']);
    expect(await rules('walk.banner', 'production')).toEqual(['*']);
    expect(await rules('walk.banner', 'pilot')).toEqual([]);
    expect(browser.complaints).toEqual([]);
  });
});
