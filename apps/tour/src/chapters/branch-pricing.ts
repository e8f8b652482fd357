import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '#api-client';
import type { DataPlane } from '../data-plane.js';
import type { Instance } from '../instance.js';
import type { Promises } from '../promises.js';
import { accounts, items, placeOrder, restock, type Account, type Priced } from '../shopping.js';

const tenant = 'wide-world-importers';
const flag = 'pricing.engine';

/** A pricing flag is switched for one branch of one tenant: that branch changes, the next one does not, and back. */
export async function branchPricing(instance: Instance, promises: Promises): Promise<void> {
  const dataPlane = await instance.dataPlane(tenant);
  const [here, there] = twoBranches(await accounts(dataPlane));
  const novelties = (await items(dataPlane)).filter(({ groups }) => groups.includes('usb-novelties'));
  // An earlier tour may have sold them out.
  for (const { sku, available } of novelties) if (available < 50) await restock(dataPlane, sku, 100);
  const [item] = novelties;
  if (!item) throw new Error(`${tenant} sells no USB novelties`);
  const scope = { kind: 'BRANCH', key: `${tenant}/${here.branch}` };
  await instance.controlPlane
    .change('clearFlagRule', { flag, environment: 'production', scope }, 'revision')
    .catch(() => undefined);

  const before = {
    here: await quote(dataPlane, here, item.sku),
    there: await quote(dataPlane, there, item.sku),
  };
  promises.keep(
    `an order at ${here.branch} before the switch is accepted`,
    (await placeOrder(dataPlane, here.code, item.sku)) === 201,
  );

  const rule = {
    flag,
    environment: 'production',
    scope,
    enabled: true,
    variant: 'waterfall-v2',
    reason: 'tour',
  };
  promises.keep(
    'a financial flag is not switched on in production without approval',
    (await instance.controlPlane.change('setFlagRule', rule, 'revision').catch(codeOf)) ===
      'CHANGE_REQUEST_REQUIRED',
  );
  const request = await approvedChange(instance, `${flag} at ${here.branch}`, {
    kind: 'SET_RULE',
    flag,
    scope,
    enabled: true,
    variant: 'waterfall-v2',
  });
  const on = await effect(dataPlane, here, item.sku, 'waterfall-v2', () =>
    instance.controlPlane.change('applyChangeRequest', request, 'changeRequest { id }', 'ChangeRequestInput'),
  );
  const after = {
    here: await quote(dataPlane, here, item.sku),
    there: await quote(dataPlane, there, item.sku),
  };
  promises.keep(
    `an order at ${here.branch} after the switch is accepted`,
    (await placeOrder(dataPlane, here.code, item.sku)) === 201,
  );
  promises.figure(
    `${item.sku} at ${here.branch}, before → after`,
    `${price(before.here)} → ${price(after.here)}`,
  );
  promises.figure(
    `${item.sku} at ${there.branch}, before → after`,
    `${price(before.there)} → ${price(after.there)}`,
  );
  promises.figure('from the switch to its effect in the service', `${on.toFixed(0)} ms`);
  promises.keep(
    `${here.branch} is priced by the new engine`,
    after.here.decidedBy.pricingEngine === 'waterfall-v2',
  );
  promises.keep(`${here.branch} has a new price`, price(after.here) !== price(before.here));
  promises.keep(
    `${there.branch} is unchanged`,
    price(after.there) === price(before.there) &&
      after.there.decidedBy.pricingEngine === before.there.decidedBy.pricingEngine,
  );

  const { evaluateFlag } = await instance.controlPlane.request<{
    evaluateFlag: { variant: string; rule: { scope: { key: string } } };
  }>(
    `query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) { variant rule { scope { key } } } }`,
    { input: { flag, environment: 'production', tenant, branch: scope.key } },
  );
  promises.keep('the explanation names the rule that won', evaluateFlag.rule.scope.key === scope.key);

  const off = await effect(dataPlane, here, item.sku, before.here.decidedBy.pricingEngine, () =>
    instance.controlPlane.change('clearFlagRule', { flag, environment: 'production', scope }, 'revision'),
  );
  promises.figure('from the undo to its effect', `${off.toFixed(0)} ms`);
  promises.keep(
    `${here.branch} is back at its old price`,
    price(await quote(dataPlane, here, item.sku)) === price(before.here),
  );
}

/** A change request that somebody else has approved, ready to be applied. */
async function approvedChange(
  { controlPlane }: Instance,
  title: string,
  change: object,
): Promise<{ id: string }> {
  const { changeRequest } = await controlPlane.change<{ changeRequest: { id: string; digest: string } }>(
    'openChangeRequest',
    { title, environment: 'production', submit: true, changes: [change] },
    'changeRequest { id digest }',
  );
  const { secret } = await controlPlane.change<{ secret: string }>(
    'createToken',
    { name: 'tour-approver', role: 'release' },
    'secret',
  );
  await controlPlane
    .as(secret)
    .change(
      'approveChangeRequest',
      { ...changeRequest, comment: 'tour' },
      'changeRequest { id }',
      'ReviewChangeRequestInput',
    );
  return { id: changeRequest.id };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && error.cause instanceof ApiError ? error.cause.extensions.code : undefined;
}

/** Two accounts of the buying group that has a deal on USB novelties, in two branches: only the branch differs. */
function twoBranches(all: readonly Account[]): [Account & { branch: string }, Account & { branch: string }] {
  const placed = all.filter(
    (account): account is Account & { branch: string } =>
      account.branch !== null && account.buyingGroup === 'tailspin-toys',
  );
  const [here] = placed;
  const there = placed.find(({ branch }) => branch !== here?.branch);
  if (here && there) return [here, there];
  throw new Error(`${tenant} has no buyers of tailspin-toys in two branches`);
}

async function quote(dataPlane: DataPlane, account: Account, sku: string): Promise<Priced> {
  const { body } = await dataPlane.post<Priced>('/quotes', {
    account: account.code,
    lines: [{ sku, quantity: 1 }],
  });
  return body;
}

function price({ lines }: Priced): string {
  return lines[0]?.unitPrice ?? '';
}

/** Milliseconds from the answer of a change until the service decides by it. */
async function effect(
  dataPlane: DataPlane,
  account: Account,
  sku: string,
  engine: string,
  change: () => Promise<unknown>,
): Promise<number> {
  await change();
  const changedAt = performance.now();
  while ((await quote(dataPlane, account, sku)).decidedBy.pricingEngine !== engine) {
    if (performance.now() - changedAt > 30_000) throw new Error(`${engine} did not take effect within 30 s`);
    await sleep(10);
  }
  return performance.now() - changedAt;
}
