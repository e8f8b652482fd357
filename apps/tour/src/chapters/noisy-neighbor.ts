import type { DataPlane } from '../data-plane.js';
import type { Instance } from '../instance.js';
import { p99, runLoads, type Outcome, type QuoteLoad } from '../quote-loads.js';
import type { Promises } from '../promises.js';
import { accounts, itemsInStock } from '../shopping.js';

const quiet = 'northwind';
const noisy = 'adventure-works';
const seconds = 6;
const quietPerSecond = 25;

/** One tenant sends ten times its quota; its neighbour on the same database goes on as if alone. */
export async function noisyNeighbor(instance: Instance, promises: Promises): Promise<void> {
  const victim = await instance.dataPlane(quiet);
  const flood = await instance.dataPlane(noisy);
  const { quotas } = await instance.controlPlane.request<{ quotas: { kind: string; limit: number }[] }>(
    `query ($tenant: String!) { quotas(tenant: $tenant) { kind limit } }`,
    { tenant: noisy },
  );
  const limit = quotas.find(({ kind }) => kind === 'REQUEST_RATE')?.limit ?? 50;

  const load = async (dataPlane: DataPlane, perSecond: number): Promise<QuoteLoad> => {
    const { url, token } = dataPlane;
    return { url, token, quotes: [await quoteOf(dataPlane)], perSecond, seconds, connections: 50 };
  };
  const quietLoad = await load(victim, quietPerSecond);
  const noisyLoad = await load(flood, 10 * limit);
  const [alone] = (await runLoads([quietLoad])) as [Outcome];
  const [beside, loud] = (await runLoads([quietLoad, noisyLoad])) as [Outcome, Outcome];

  promises.figure(`${quiet} alone, p99`, `${p99(alone).toFixed(1)} ms`);
  promises.figure(`${quiet} beside ${noisy} at ten times its quota, p99`, `${p99(beside).toFixed(1)} ms`);
  promises.figure(`${noisy}: served / refused with 429`, `${served(loud)} / ${refused(loud)}`);
  promises.keep(
    `every request of ${quiet} was served`,
    [alone, beside].every((outcome) => served(outcome) === answered(outcome)),
  );
  promises.keep(
    `${noisy} was held to its quota`,
    refused(loud) > served(loud) && served(loud) + refused(loud) === answered(loud),
  );
}

const served = ({ statuses }: Outcome): number => statuses[200] ?? 0;
const refused = ({ statuses }: Outcome): number => statuses[429] ?? 0;
const answered = ({ statuses }: Outcome): number => Object.values(statuses).reduce((sum, n) => sum + n, 0);

async function quoteOf(dataPlane: DataPlane): Promise<object> {
  const [item] = await itemsInStock(dataPlane);
  const [account] = await accounts(dataPlane);
  return { account: account?.code, lines: [{ sku: item?.sku, quantity: 1 }] };
}
