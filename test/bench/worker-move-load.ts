import { setTimeout as sleep } from 'node:timers/promises';
import { purchaseOrder850 } from '../support/order-traffic.js';
import type { MovingStack } from '../support/moving-stack.js';
import type { TestStack } from '../support/stack.js';

/** Sends one EDI document after the other, so many a second, each until it is acknowledged. */
export class DocumentLoad {
  /** Purchase orders that were acknowledged, in their order. */
  readonly sent: string[] = [];
  readonly #sending: Promise<void>;
  #stopped = false;

  private constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly perSecond: number,
  ) {
    this.#sending = this.#send();
  }

  static async start(stack: TestStack, slug: string, perSecond: number): Promise<DocumentLoad> {
    return new DocumentLoad(
      `${stack.distributionUrl}/edi`,
      await stack.token(`tenant-tokens/${slug}`),
      perSecond,
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sending;
  }

  async #send(): Promise<void> {
    const began = performance.now();
    for (let number = 1; !this.#stopped; number++) {
      const due = began + (number * 1_000) / this.perSecond;
      await sleep(Math.max(0, due - performance.now()));
      while (!(await this.#take(number))) await sleep(50);
      this.sent.push(`PO-${number}`);
    }
  }

  #take(number: number): Promise<boolean> {
    return fetch(this.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/edi-x12' },
      body: purchaseOrder850(number),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status === 202;
      },
      () => false,
    );
  }
}

/** A job that is done, with the order that it made. */
export interface DoneJob {
  purchaseOrder: string;
  /** Unix time in milliseconds. */
  madeAt: number;
  waitedMs: number;
}

/** All jobs of a tenant in the order in which they were done; waits until none is left. */
export async function jobsOf(world: MovingStack, slug: string): Promise<DoneJob[]> {
  for (const deadline = Date.now() + 120_000; ; await sleep(200)) {
    const left = await world.atHome(
      `select id from integration_job where tenant_id = $1 and status <> 'DONE'`,
      slug,
    );
    if (left.length === 0) break;
    if (Date.now() > deadline) throw new Error(`${left.length} jobs of ${slug} are never done`);
  }
  return world.atHome<DoneJob & Record<string, unknown>>(
    `select o.purchase_order as "purchaseOrder", extract(epoch from j.created_at)::float8 * 1000 as "madeAt",
       extract(epoch from j.finished_at - j.created_at)::float8 * 1000 as "waitedMs"
     from sales_order o join integration_job j on j.tenant_id = o.tenant_id and j.result ->> 'orderId' = o.id::text
     where o.tenant_id = $1 and o.channel = 'EDI' order by o.created_at, o.id`,
    slug,
  );
}
