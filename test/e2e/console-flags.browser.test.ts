import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { chromiumPath, ConsoleBrowser } from '../support/console-browser.js';
import { TestStack } from '../support/stack.js';

/** Runs against TIERDECK_E2E_URL with TIERDECK_E2E_TOKEN if they are set, else against a stack of its own. */
const given = { url: process.env['TIERDECK_E2E_URL'], token: process.env['TIERDECK_E2E_TOKEN'] };

// Without a browser the test set-up says so, and the path is empty.
(chromiumPath ? describe : describe.skip)('console, flags', () => {
  const run = Date.now().toString(36);
  const flag = `walk.express-${run}`;
  const child = `walk.banner-${run}`;
  let stack: TestStack | undefined;
  let url: string;
  let token: string;
  let browser: ConsoleBrowser;
  let page: Page;

  beforeAll(async () => {
    if (!given.url) stack = await TestStack.start();
    url = given.url ?? stack?.url ?? '';
    token = given.token ?? (await stack?.token('admin-token')) ?? '';
    browser = await ConsoleBrowser.open(token);
    ({ page } = browser);
    await ask(
      `mutation { createFlag(input: { key: "${flag}", kind: BOOLEAN, owner: "walkers", lifecycle: STALE }) { revision } }`,
    );
    await ask(
      `mutation { createFlag(input: { key: "${child}", kind: BOOLEAN, dependencies: [{ flag: "${flag}" }] }) { revision } }`,
    );
    await ask(`mutation { setFlagRule(input: { flag: "${child}", environment: "staging", enabled: true,
      scope: { kind: ENVIRONMENT, key: "*" } }) { revision } }`);
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await stack?.remove();
  });

  it('narrows the list and marks what is stale', async () => {
    await page.goto(`${url}/flags?show=stale&q=${run}`);
    const grid = page.getByRole('grid', { name: 'Flags' });
    await grid.getByText(flag).waitFor();
    await grid.getByText('Stale', { exact: true }).waitFor();
    await grid.getByText(child).waitFor({ state: 'detached' });
    await page.goto(`${url}/flags?kind=${encodeURIComponent('["VARIANT"]')}&q=${run}`);
    await page.getByText('No flag matches').waitFor();
  });

  it('makes a segment, uses it in a rule with a share, and says who and what changes before', async () => {
    await page.goto(`${url}/segments?id=new`);
    await page.getByRole('textbox', { name: 'Name' }).fill(`Gold ${run}`);
    await page.getByRole('button', { name: 'Add constraint' }).click();
    await page.getByRole('combobox', { name: 'Field of constraint 1' }).fill('tenant');
    await page.locator('input[aria-label="Values of constraint 1"]').fill('northwind');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Create segment' }).last().click();
    await page.getByText('No rule or strategy uses it yet.').waitFor();

    await page.goto(`${url}/flags/${flag}?env=staging&at=TENANT:northwind`);
    await page.getByText('depends on it:').waitFor();
    await page.getByRole('button', { name: 'Share, conditions and times' }).click();
    await page.getByRole('combobox', { name: 'Segments' }).click();
    await page.getByRole('option', { name: `Gold ${run}` }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Set rule' }).click();
    const rules = page.getByRole('table', { name: 'Rules in staging' });
    await rules.getByText(`segment Gold ${run}`).waitFor();
    await page.goto(`${url}/segments?q=${run}`);
    await page.getByRole('grid', { name: 'Segments' }).getByText('1 flag').waitFor();
  });

  it('takes the last change back with one click, and the audit says so', async () => {
    await page.goto(`${url}/flags/${flag}?env=staging&at=TENANT:northwind`);
    await page.getByRole('button', { name: 'Take back' }).click();
    await page.getByText('No rules').waitFor();
    await page.getByText(/“Takes back revision \d+”/).waitFor();
  });

  it('drafts a rule in the playground for every tenant and makes it a change request', async () => {
    const asked = `flags=${encodeURIComponent(JSON.stringify([flag]))}&in=${encodeURIComponent('["staging"]')}`;
    await page.goto(`${url}/playground?${asked}&all=yes&env=staging`);
    await page.getByRole('button', { name: 'Draft rules' }).click();
    await page.getByRole('combobox', { name: 'Scope' }).click();
    await page.getByRole('option', { name: 'All of staging' }).click();
    await page.getByRole('button', { name: 'Draft this rule' }).click();
    const grid = page.getByRole('grid', { name: 'Decisions' });
    await grid.getByLabel('becomes').first().waitFor();
    await grid.getByText('northwind').click();
    await page.getByText('With the draft').last().waitFor();
    expect(
      (
        await ask<{ flag: { rules: object[] } }>(
          `{ flag(key: "${flag}") { rules(environment: "staging") { id } } }`,
        )
      ).flag.rules,
    ).toEqual([]);
    await page.getByRole('button', { name: 'Open change request' }).click();
    await page.getByRole('list', { name: 'Drafted rules' }).waitFor({ state: 'detached' });
    expect(
      (
        await ask<{ flag: { rules: object[] } }>(
          `{ flag(key: "${flag}") { rules(environment: "staging") { id } } }`,
        )
      ).flag.rules,
    ).toHaveLength(1);
  });

  it('shows a request with the share, the conditions and the times that its rule has', async () => {
    const { openChangeRequest } = await ask<{ openChangeRequest: { changeRequest: { id: string } } }>(
      `mutation { openChangeRequest(input: { environment: "production", title: "Walk ${run}", submit: true, changes: [
         { kind: SET_RULE, flag: "pricing.engine", enabled: true, variant: "waterfall-v2", percentage: 20,
           endsAt: "2090-03-01T00:00:00Z", scope: { kind: TENANT, key: "northwind" },
           constraints: [{ contextName: "country", operator: "IN", values: ["de", "at"] }] }] }) { changeRequest { id } } }`,
    );
    const { id } = openChangeRequest.changeRequest;
    await page.goto(`${url}/change-requests/${id}`);
    const then = page.getByRole('group', { name: 'Then' });
    for (const text of ['20 %', 'country is one of de, at', /until 1 Mar 2090/])
      await then.getByText(text).waitFor();
    await page.getByText('The policy of production wants 1').waitFor();
    await page.goto(`${url}/flags/pricing.engine?env=production`);
    await page.getByRole('link', { name: `Walk ${run}`, exact: true }).waitFor();
    await ask(`mutation { closeChangeRequest(input: { id: "${id}" }) { changeRequest { id } } }`);
  });

  it('says that a killed flag is killed, and who has it', async () => {
    await ask(
      `mutation { setFlagEnabled(input: { flag: "${flag}", environment: "staging", enabled: false }) { revision } }`,
    );
    await page.goto(`${url}/flags/${flag}?env=staging`);
    await page.getByText('Killed in staging').waitFor();
    await page
      .getByText(/connected instances? ha(s|ve) it|No SDK is connected/)
      .first()
      .waitFor();
  });

  it('shows the projects and the policy of every environment', async () => {
    await page.goto(`${url}/projects`);
    await page.getByRole('table', { name: 'Projects' }).getByText('default', { exact: true }).waitFor();
    await page.goto(`${url}/environments`);
    expect(await page.getByLabel('Approvals of financial flags in production').inputValue()).toBe('1');
  });

  /** A GraphQL request beside the browser. */
  async function ask<T>(query: string): Promise<T> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    });
    const { data, errors } = (await response.json()) as { data: T; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
});
