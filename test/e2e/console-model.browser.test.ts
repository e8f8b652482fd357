import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { chromiumPath, ConsoleBrowser } from '../support/console-browser.js';
import { TestStack } from '../support/stack.js';

// Without a browser the test set-up says so, and the path is empty.
(chromiumPath ? describe : describe.skip)('console: what a flag is', () => {
  let stack: TestStack;
  let browser: ConsoleBrowser;
  let page: Page;

  beforeAll(async () => {
    stack = await TestStack.start();
    browser = await ConsoleBrowser.open(await stack.token('admin-token'));
    ({ page } = browser);
    await stack.ask(`mutation { createFlag(input: { key: "walk.fee", kind: VARIANT, defaultVariant: "none",
      variants: [{ name: "none" }, { name: "low" }] }) { revision } }`);
    await stack.ask('mutation { createFlag(input: { key: "walk.page", kind: BOOLEAN }) { revision } }');
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await stack?.remove();
  });

  const open = (path: string) => page.goto(`${stack.url}${path}`);
  const dialog = () => page.getByRole('dialog');

  async function flag<T>(key: string, fields: string): Promise<T> {
    return (await stack.ask<{ flag: T }>(`{ flag(key: "${key}") { ${fields} } }`)).flag;
  }

  /** The browser itself logs a refusal with its status. */
  function forgive(status: string): void {
    expect(browser.complaints.splice(0).filter((text) => !text.includes(status))).toEqual([]);
  }

  it('has payloads that are checked against their schema before they are sent', async () => {
    await open('/flags/walk.fee?env=staging');
    await page.getByRole('button', { name: 'Edit variants' }).click();
    const save = dialog().getByRole('button', { name: 'Save variants' });
    const schema = dialog().getByLabel('Schema of the payloads');
    await schema.fill('{ "type": "obj');
    await dialog()
      .getByText(/^No JSON/)
      .waitFor();
    expect(await save.isDisabled()).toBe(true);
    await schema.fill(
      '{ "type": ["object", "null"], "required": ["percent"], "properties": { "percent": { "type": "number", "maximum": 5 } } }',
    );
    await dialog()
      .getByRole('radiogroup', { name: 'Type of the payload of variant 2' })
      .getByText('JSON')
      .click();
    const payload = dialog().getByLabel('Payload of variant 2', { exact: true });
    await payload.fill('{ "percent": 7 }');
    await dialog().getByText('Not as the schema wants it: percent must be <= 5').waitFor();
    expect(await payload.getAttribute('aria-invalid')).toBe('true');
    expect(await save.isDisabled()).toBe(true);
    await payload.fill('{ "percent": 2.5 }');
    await save.click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByLabel('Payload of low').getByText('"percent": 2.5').waitFor();
    expect(await flag('walk.fee', 'payloadSchema variants { name payload }')).toMatchObject({
      payloadSchema: { required: ['percent'] },
      variants: [
        { name: 'none', payload: null },
        { name: 'low', payload: { percent: 2.5 } },
      ],
    });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('walk.fee is as it was').waitFor();
    expect(await flag('walk.fee', 'payloadSchema')).toEqual({ payloadSchema: null });
  });

  it('of those that move money is changed by a change request, which is named before', async () => {
    await open('/flags/pricing.engine?env=production');
    await page.getByText('Turning it on needs 1 approval in production').waitFor();
    await page.getByRole('button', { name: 'Edit variants' }).click();
    await dialog().getByText('A change of its variants needs 1 approval in production').waitFor();
    await dialog().getByLabel('Description of variant 2').fill('With a floor');
    await dialog().getByRole('button', { name: 'Save variants' }).click();
    await page.getByRole('button', { name: 'Open request' }).click();
    await page.waitForURL(/change-requests\/[0-9a-f-]+/);
    await page.getByText('0 of 1 given').waitFor();
    forgive('403');
    const now = await flag<{ variants: { description: string }[] }>(
      'pricing.engine',
      'variants { description }',
    );
    expect(now.variants[1]?.description).not.toBe('With a floor');
    await open('/flags/pricing.engine?env=production');
    await page.getByRole('note').getByRole('link', { name: 'What pricing.engine is' }).waitFor();
  });

  it('depends on other flags, and expires', async () => {
    await open('/flags/walk.page?env=staging');
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    await dialog().getByLabel('Expires').fill('2090-05-01');
    await dialog().getByRole('button', { name: 'Let it depend on another flag' }).click();
    await dialog().getByRole('combobox', { name: 'Flag 1 that it depends on' }).click();
    await page.getByRole('option', { name: 'walk.fee' }).click();
    await dialog().getByRole('combobox', { name: 'Variants that flag 1 may have' }).click();
    await page.getByRole('option', { name: 'low' }).click();
    await page.keyboard.press('Escape');
    await dialog().getByRole('button', { name: 'Save flag' }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByText('on with low').waitFor();
    expect(await flag('walk.page', 'expiresAt dependencies { flag enabled variants }')).toEqual({
      expiresAt: '2090-05-01T00:00:00.000Z',
      dependencies: [{ flag: 'walk.fee', enabled: true, variants: ['low'] }],
    });
  });

  it('has strategies for where no rule decides, which can be taken back', async () => {
    await open('/flags/walk.fee?env=staging');
    await page.getByText('It is off there.').waitFor();
    await page.getByRole('button', { name: 'Edit strategies' }).click();
    await dialog()
      .getByRole('radio', { name: /^By strategies/ })
      .click();
    await dialog().getByRole('slider', { name: 'Share of strategy 1, per cent' }).focus();
    for (let press = 0; press < 3; press += 1) await page.keyboard.press('ArrowRight');
    await dialog().getByLabel('Of', { exact: true }).fill('tenant');
    await dialog().getByRole('button', { name: 'Add constraint' }).click();
    await dialog().getByRole('combobox', { name: 'Field of constraint 1' }).fill('plan');
    expect(await dialog().getByRole('button', { name: 'Save strategies' }).isDisabled()).toBe(true);
    await dialog().locator('input[aria-label="Values of constraint 1"]').fill('gold');
    await page.keyboard.press('Enter');
    const weights = dialog().getByRole('group', { name: 'Variants of strategy 1' });
    await weights.getByRole('button', { name: 'Add variant' }).click();
    await weights.getByRole('button', { name: 'Add variant' }).click();
    await weights.getByLabel(/weight 2/).fill('3000');
    await weights.getByText('75 %').waitFor();
    await dialog().getByRole('button', { name: 'Save strategies' }).click();
    await dialog().waitFor({ state: 'detached' });
    const list = page.getByRole('list', { name: 'Strategies' });
    await list.getByText('3 % by tenant').waitFor();
    await list.getByText('plan is one of gold').waitFor();
    const fields =
      'environment(name: "staging") { strategies { name parameters constraints { values } variants { name weight } } }';
    expect(await flag('walk.fee', fields)).toEqual({
      environment: {
        strategies: [
          {
            name: 'flexibleRollout',
            parameters: { rollout: '3', stickiness: 'tenant' },
            constraints: [{ values: ['gold'] }],
            variants: [
              { name: 'none', weight: 1_000 },
              { name: 'low', weight: 3_000 },
            ],
          },
        ],
      },
    });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('It is off there.').waitFor();
    expect(await flag('walk.fee', 'environment(name: "staging") { strategies { name } }')).toEqual({
      environment: { strategies: null },
    });
  });

  it('is kept from opening by accident, unless somebody says why that is wanted', async () => {
    await open('/flags/walk.page?env=staging&at=TENANT:northwind');
    await page.getByRole('button', { name: 'Share, conditions and times' }).click();
    await page.getByRole('button', { name: 'Add constraint' }).click();
    await page.getByRole('combobox', { name: 'Field of constraint 1' }).fill('plan');
    await page.getByRole('combobox', { name: 'Operator of constraint 1' }).click();
    await page.getByRole('option', { name: 'is none of' }).click();
    await page.locator('input[aria-label="Values of constraint 1"]').fill('trial');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Set rule' }).click();
    await dialog()
      .getByRole('list', { name: 'What the lint found' })
      .getByText('OPENS_WITHOUT_FIELD')
      .waitFor();
    const go = dialog().getByRole('button', { name: 'Do it all the same' });
    expect(await go.isDisabled()).toBe(true);
    await dialog().getByLabel('Why it is wanted all the same').fill('every service states the plan');
    await go.click();
    forgive('409');
    const rules = page.getByRole('table', { name: 'Rules in staging' });
    await rules.getByText('every service states the plan').waitFor();
    expect(await flag('walk.page', 'rules(environment: "staging") { lintOverride }')).toEqual({
      rules: [{ lintOverride: 'every service states the plan' }],
    });
  });

  it('is read with a token whose secret is shown once, and no longer after it is revoked', async () => {
    await open('/tokens');
    await page.getByRole('button', { name: 'Create SDK token' }).first().click();
    await dialog().getByLabel('Name').fill('walk orders');
    await dialog().getByRole('combobox', { name: 'Environment' }).click();
    await page.getByRole('option', { name: 'staging' }).click();
    await dialog().getByRole('combobox', { name: 'Tenant, if for one alone' }).click();
    await page.getByRole('option', { name: 'Northwind Traders' }).click();
    await dialog().getByRole('button', { name: 'Create token' }).click();
    const secret = (await dialog().getByLabel('Secret').textContent()) ?? '';
    const reads = async () =>
      (await fetch(`${stack.url}/api/client/features`, { headers: { authorization: secret } })).status;
    expect(await reads()).toBe(200);
    await dialog().getByRole('button', { name: 'Done' }).click();
    const row = page.getByRole('row', { name: /walk orders/ });
    await row.getByRole('link', { name: 'northwind' }).waitFor();
    expect(await page.getByText(secret).count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke walk orders' }).click();
    await dialog().getByLabel('Type walk orders to go on').fill('walk orders');
    await dialog().getByRole('button', { name: 'Revoke token' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await reads()).toBe(401);
    await page.getByText('Revoked', { exact: true }).click();
    await row.waitFor();
  });

  it('comes over from Unleash with a report, and goes out as manifests without a difference', async () => {
    const recorded = JSON.parse(await readFile('test/fixtures/unleash/8.2.0.json', 'utf8')) as {
      development: { file: { features: { name: string }[] } };
    };
    const { file } = recorded.development;
    await open('/flags');
    await page.getByRole('button', { name: 'Files' }).click();
    await page.getByRole('menuitem', { name: /^Import from Unleash/ }).click();
    await page.locator('input[type="file"]').setInputFiles({
      name: 'export.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(file)),
    });
    await page.getByRole('combobox', { name: 'Into' }).click();
    await page.getByRole('option', { name: 'staging' }).click();
    await page.getByRole('button', { name: 'Check the file' }).click();
    await page.getByRole('table', { name: 'Notes of the import' }).getByText('Skipped').first().waitFor();
    const first = file.features[0]?.name ?? '';
    await page.getByRole('list', { name: 'Would be created' }).getByText(first, { exact: true }).waitFor();
    expect(await flag(first, 'key')).toBeNull();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page
      .getByRole('list', { name: 'Created' })
      .getByRole('link', { name: first, exact: true })
      .waitFor();
    expect(await flag(first, 'key')).toEqual({ key: first });

    await open('/flags');
    await page.getByRole('button', { name: 'Files' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export as manifests' }).click(),
    ]);
    const content = await readFile(await download.path(), 'utf8');
    expect(content).toContain('walk.fee');
    const { manifestDiff } = await stack.ask<{ manifestDiff: { changes: { action: string }[] } }>(
      `query ($input: ApplyManifestsInput!) { manifestDiff(input: $input) { changes { action } } }`,
      { input: { manifests: [{ file: 'flags.yaml', content }] } },
    );
    expect(new Set(manifestDiff.changes.map(({ action }) => action))).toEqual(new Set(['NONE']));
  });

  it('is guarded: who tried to cross from a tenant to another is shown', async () => {
    await open('/alerts');
    await page.getByText('Nobody tried to cross').waitFor();
    const token = await stack.token('tenant-tokens/northwind');
    await stack.graphql('{ viewer { name } }', {}, token);
    const row = page.getByRole('row', { name: /Asked the operators’ API/ });
    await row.getByRole('link', { name: 'northwind', exact: true }).waitFor();
    await row.getByRole('link', { name: /^tenant-token\// }).click();
    await page.waitForURL(/\/audit/);
    await page.getByText('cross-tenant-attempt').first().waitFor();
  });

  it('changes by a release under conditions', async () => {
    await open('/releases/new');
    await page.getByLabel('Name').first().fill('walk release');
    await page.getByLabel('Artifact digest').fill(`sha256:${'a'.repeat(64)}`);
    await page.getByRole('combobox', { name: 'Flag 1', exact: true }).click();
    await page.getByRole('option', { name: 'walk.page' }).click();
    await page.getByRole('combobox', { name: 'Flag 1 becomes' }).click();
    await page.getByRole('option', { name: 'on', exact: true }).click();
    await page.getByRole('button', { name: 'Share, conditions and times of flag 1' }).click();
    await page.getByRole('button', { name: 'Add constraint' }).click();
    await page.getByRole('combobox', { name: 'Field of constraint 1' }).fill('plan');
    await page.locator('input[aria-label="Values of constraint 1"]').fill('gold');
    await page.keyboard.press('Enter');
    await page.getByLabel('Starts').fill('2090-01-01T00:00');
    await page.getByRole('switch', { name: 'Everybody that no earlier wave selects' }).click({ force: true });
    await page.getByRole('button', { name: 'Create release' }).click();
    await page.waitForURL(/releases\/[0-9a-f-]{36}/);
    await page.getByText('plan is one of gold').waitFor();
    const id = page.url().replace(/.*releases\/([0-9a-f-]+).*/, '$1');
    const { release } = await stack.ask<{ release: object }>(
      `{ release(id: "${id}") { flagChanges { flag constraints { contextName values } startsAt } } }`,
    );
    expect(release).toMatchObject({
      flagChanges: [
        {
          flag: 'walk.page',
          constraints: [{ contextName: 'plan', values: ['gold'] }],
          startsAt: expect.stringMatching(/^20(89|90)-/),
        },
      ],
    });
  });

  it('fits a narrow window and a dark one, without an error of the browser', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const path of ['/tokens', '/alerts', '/import', '/flags/walk.fee?env=staging', '/releases/new']) {
      await open(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
      const sideways = await page.locator('main').evaluate((main) => main.scrollWidth - main.clientWidth);
      expect([path, sideways]).toEqual([path, 0]);
    }
    expect(browser.complaints).toEqual([]);
  });
});
