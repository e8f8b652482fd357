import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TierdeckRuntime } from '../../../libs/runtime/src/index.js';
import { WriteJournal } from './journal.js';
import type { Ask, LoadOptions } from './loads.js';
import { neighbourCall } from './neighbours.js';
import { OpenLoop } from './samples.js';

/** A data-plane service in a process of its own that makes one of the loads of the bench and answers its parent. */
const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions;
const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-load-'));
const runtime = await TierdeckRuntime.start({
  url: options.url,
  token: options.token,
  service: `bench-${options.kind}`,
  dataDir,
  ...(options.moveDeadlineMs === undefined ? {} : { moveDeadlineMs: options.moveDeadlineMs }),
});
const scopes = options.tenants.map((slug) => {
  const tenant = runtime.tenant(slug);
  if (!tenant) throw new Error(`tenant ${slug} is not in the snapshot`);
  return runtime.database(tenant);
});
const journal = new WriteJournal(scopes[0]!);
const send = options.kind === 'writer' ? (n: number) => journal.write(n) : neighbourCall(scopes);
const loop = new OpenLoop(options.perSecond, send);

async function answer(ask: Ask): Promise<unknown> {
  switch (ask.what) {
    case 'window':
      return loop.samples.window(ask.from, ask.to);
    case 'stop':
      await loop.stop();
      return { failed: loop.samples.failed, failures: loop.samples.failures };
    case 'differences':
      return { acknowledged: journal.acknowledged, differences: await journal.differences(ask.baseOnHand) };
    case 'end':
      await runtime.stop();
      await rm(dataDir, { recursive: true, force: true });
      setTimeout(() => process.exit(0), 50);
      return {};
  }
}

process.on('message', (ask: Ask & { id: number }) => {
  answer(ask).then(
    (result) => process.send?.({ id: ask.id, result }),
    (error: unknown) => process.send?.({ id: ask.id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit(1));
process.send?.({ id: 0 });
