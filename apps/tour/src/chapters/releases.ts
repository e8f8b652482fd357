import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '../control-plane.js';
import type { Instance } from '../instance.js';
import type { Promises } from '../promises.js';
import { accounts, itemsInStock, OrderTraffic, type Buyer } from '../shopping.js';

interface Release {
  id: string;
  status: string;
  statusReason: string | null;
  exposedTenants: number;
  waves: {
    name: string;
    status: string;
    startedAt: string | null;
    finishedAt: string | null;
    tenants: { status: string; tenant: { slug: string } }[];
    gates: { kpi: string; verdict: string; observed: number | null; samples: number }[];
  }[];
}

const releaseFields = `id status statusReason exposedTenants waves { name status startedAt finishedAt
  tenants { status tenant { slug } } gates { kpi verdict observed samples } }`;
const ended = ['SUCCEEDED', 'FAILED', 'ABORTED', 'ROLLED_BACK'];

const waves = ['canary', 'early', 'main'].map((name) => ({
  name,
  selector: { labels: { wave: name } },
  concurrency: 2,
  soakSeconds: 2,
  gates: [{ kpi: 'margin', threshold: 0.02, minSamples: 10 }],
}));

/** Both releases are of the service that runs: this very file stands for it. */
const artifactDigest = `sha256:${createHash('sha256')
  .update(readFileSync(new URL(import.meta.url)))
  .digest('hex')}`;

/** A good release reaches every wave; a bad one is stopped by the margin gate and taken back. */
export async function releases(instance: Instance, promises: Promises): Promise<void> {
  const buyers = await buyersOf(instance, [
    'northwind',
    'adventure-works',
    'wide-world-importers',
    'albion-gifts',
    'bestbuy-stores',
  ]);
  const traffic = new OrderTraffic(buyers, 60);
  try {
    await goodRelease(instance, promises);
    await badRelease(instance, promises);
  } finally {
    await traffic.stop();
  }
  promises.figure('orders placed meanwhile', `${traffic.placed}, ${traffic.refused} refused`);
}

async function goodRelease(instance: Instance, promises: Promises): Promise<void> {
  const { controlPlane } = instance;
  const content = {
    name: 'Waterfall pricing and the promised date',
    artifactDigest,
    flagChanges: [{ flag: 'pricing.engine', enabled: true, variant: 'waterfall-v2' }],
    migrations: ['0002_promised_date'],
    waves,
  };
  const release = await send(instance, content);
  const done = await followed(controlPlane, release.id, promises);
  promises.keep(
    'the good release passed all of its waves',
    done.status === 'SUCCEEDED',
    done.statusReason ?? '',
  );
  promises.keep('no wave began before the one before it had passed', inOrder(done));
  promises.figure('tenants that have it', String(done.exposedTenants));
  await controlPlane.change(
    'rollBackRelease',
    { id: release.id, reason: 'the tour leaves things as they were' },
    'release { id }',
    'ReleaseInput',
  );
  const back = await followed(controlPlane, release.id, promises, ['ROLLED_BACK']);
  promises.keep(
    'it can be taken back from every tenant',
    back.status === 'ROLLED_BACK' && back.exposedTenants === 0,
  );
}

async function badRelease(instance: Instance, promises: Promises): Promise<void> {
  const { controlPlane } = instance;
  const content = {
    name: 'Percent deals in the legacy engine',
    artifactDigest,
    flagChanges: [{ flag: 'pricing.percent-deals', enabled: true }],
    waves,
  };
  const release = await send(instance, content);
  const done = await followed(controlPlane, release.id, promises, ['ROLLED_BACK', 'SUCCEEDED', 'ABORTED']);
  const reached = done.waves.flatMap(({ tenants }) => tenants).filter(({ status }) => status !== 'PENDING');
  const failed = done.waves.flatMap(({ gates }) => gates).find(({ verdict }) => verdict === 'FAIL');
  promises.keep(
    'the bad release was stopped by its margin gate',
    failed?.kpi === 'margin',
    done.statusReason ?? '',
  );
  promises.keep(
    'and taken back from every tenant it had reached',
    done.status === 'ROLLED_BACK' && done.exposedTenants === 0,
  );
  promises.keep('the last wave never saw it', done.waves.at(-1)?.startedAt === null);
  promises.figure(
    'tenants exposed to it for a while',
    `${reached.length}: ${reached.map(({ tenant }) => tenant.slug).join(', ')}`,
  );
  const share =
    failed?.observed === null || failed?.observed === undefined
      ? '—'
      : `${(failed.observed * 100).toFixed(1)} %`;
  promises.figure('order lines below cost that the gate saw', `${share} of ${failed?.samples ?? 0}`);
}

/** Creates, promotes, approves as somebody else, and starts a release. */
async function send({ controlPlane }: Instance, content: object): Promise<Release> {
  const { release } = await controlPlane.change<{ release: Release }>(
    'createRelease',
    content as Record<string, unknown>,
    `release { ${releaseFields} }`,
  );
  const { id } = release;
  await controlPlane.change('promoteRelease', { id }, 'release { id }', 'ReleaseInput');
  await followed(controlPlane, id, undefined, ['READY', 'FAILED']);
  const { secret } = await controlPlane.change<{ secret: string }>(
    'createToken',
    { name: 'tour-approver', role: 'release' },
    'secret',
  );
  await controlPlane.as(secret).change('approve', { release: id, comment: 'tour' }, 'release { id }');
  await controlPlane.change('startRelease', { id }, 'release { id }', 'ReleaseInput');
  return release;
}

/** Waits until the release is in one of the states. */
async function followed(
  controlPlane: ControlPlane,
  id: string,
  promises?: Promises,
  until: string[] = ended,
): Promise<Release> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const { release } = await controlPlane.request<{ release: Release }>(
      `query ($id: ID!) { release(id: $id) { ${releaseFields} } }`,
      { id },
    );
    if (until.includes(release.status)) {
      for (const { name, status, startedAt, finishedAt } of promises ? release.waves : []) {
        const took =
          startedAt && finishedAt
            ? `${((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000).toFixed(1)} s`
            : '';
        promises?.figure(`wave ${name}`, `${status.toLowerCase()} ${took}`);
      }
      return release;
    }
    if (Date.now() > deadline)
      throw new Error(`the release is still ${release.status}: ${JSON.stringify(release)}`);
    await sleep(200);
  }
}

function inOrder({ waves: all }: Release): boolean {
  return all.every(({ startedAt }, i) => {
    const before = all[i - 1];
    return (
      !before ||
      !startedAt ||
      (before.finishedAt !== null && Date.parse(before.finishedAt) <= Date.parse(startedAt))
    );
  });
}

/** One buyer a tenant; Wide World Importers' buys what has a percent deal, where the bad release bites. */
async function buyersOf(instance: Instance, slugs: readonly string[]): Promise<Buyer[]> {
  return Promise.all(
    slugs.map(async (slug) => {
      const dataPlane = await instance.dataPlane(slug);
      const items = await itemsInStock(dataPlane);
      const deals = items.filter(({ groups }) => groups.includes('usb-novelties'));
      const all = await accounts(dataPlane);
      const account = all.find(({ buyingGroup }) => buyingGroup === 'tailspin-toys') ?? all[0];
      if (!account || items.length === 0)
        throw new Error(`${slug} has nobody to sell to, or nothing to sell`);
      const skus = (deals.length > 0 ? deals : items).slice(0, 20).map(({ sku }) => sku);
      return { dataPlane, account: account.code, skus };
    }),
  );
}
