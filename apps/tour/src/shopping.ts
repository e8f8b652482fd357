import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataPlane } from './data-plane.js';

export interface Item {
  sku: string;
  available: number;
  groups: string[];
}

export interface Account {
  code: string;
  branch: string | null;
  buyingGroup: string | null;
}

export interface Priced {
  decidedBy: { pricingEngine: string };
  lines: { sku: string; unitPrice: string; trace: unknown }[];
}

/** What the tenant sells, in stock or not. */
export async function items(dataPlane: DataPlane): Promise<Item[]> {
  const { body } = await dataPlane.get<{ items: Item[] }>('/items?limit=200');
  return body.items;
}

/** Items that are in stock, fullest shelf first. */
export async function itemsInStock(dataPlane: DataPlane): Promise<Item[]> {
  return (await items(dataPlane))
    .filter(({ available }) => available > 0)
    .sort((a, b) => b.available - a.available);
}

/** Has goods come in, so that a tour does not end for want of stock that an earlier one sold. */
export async function restock(dataPlane: DataPlane, sku: string, quantity: number): Promise<void> {
  const { body } = await dataPlane.get<{ warehouses: { warehouse: string }[] }>(`/inventory/${sku}`);
  const warehouse = body.warehouses[0]?.warehouse;
  if (warehouse)
    await dataPlane.post(`/inventory/${sku}/receipts`, { warehouse, quantity, reference: 'tour' });
}

export async function accounts(dataPlane: DataPlane): Promise<Account[]> {
  const { body } = await dataPlane.get<{ accounts: Account[] }>('/accounts?limit=200');
  return body.accounts;
}

export async function placeOrder(
  dataPlane: DataPlane,
  account: string,
  sku: string,
  quantity = 1,
): Promise<number> {
  const order = { account, lines: [{ sku, quantity }] };
  const { status } = await dataPlane.post('/orders', order, { 'idempotency-key': randomUUID() });
  return status;
}

/** A buyer of one tenant: what it orders, again and again. */
export interface Buyer {
  dataPlane: DataPlane;
  account: string;
  skus: string[];
}

/** Orders that keep coming in, as they do in business hours, until they are stopped. */
export class OrderTraffic {
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[];
  placed = 0;
  refused = 0;

  constructor(buyers: readonly Buyer[], everyMs: number) {
    this.#loops = buyers.map((buyer) => this.#buy(buyer, everyMs));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  async #buy({ dataPlane, account, skus }: Buyer, everyMs: number): Promise<void> {
    const { signal } = this.#stop;
    for (let i = 0; !signal.aborted; i++) {
      const status = await placeOrder(dataPlane, account, skus[i % skus.length] as string);
      if (status === 201) this.placed += 1;
      else this.refused += 1;
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
