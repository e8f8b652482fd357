import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TrafficOptions {
  /** Instances of the data plane; whoever is not answered tries the next one. */
  urls: readonly string[];
  token: string;
  /** Clients that place orders, each one after the other. */
  orderClients?: number;
  /** Pause of a client between two requests, in milliseconds. */
  pauseMs?: number;
  /** A client hangs up after this time and sends the same again; default 15,000. */
  giveUpMs?: number;
}

/** Of every order and document of the traffic, so that stock says how many there were. */
export const trafficSku = 'NW-03';

/**
 * Steady traffic of one Northwind over HTTP: orders with an Idempotency-Key, EDI documents one after the other, and reads
 * of stock. Whoever gets no answer, or one of 500 and more, sends the same again until it is taken.
 */
export class OrderTraffic {
  /** Answered id of each order by its key, which is its purchase order, too. */
  readonly orders = new Map<string, string>();
  /** Purchase orders of the documents that were acknowledged, in their order. */
  readonly documents: string[] = [];
  /** Answers that no client may ever get, e.g. another order for the same key. */
  readonly faults: string[] = [];
  /** What was not taken at once: `503 TENANT_MOVING`, `ECONNREFUSED`; it was sent again. */
  readonly setbacks: string[] = [];
  reads = 0;
  /** Longest time in which nothing was answered to a client, in milliseconds. */
  longestMs = 0;
  readonly #clients: Promise<unknown>;
  #stopped = false;
  #turn = 0;

  constructor(private readonly options: TrafficOptions) {
    const { orderClients = 2 } = options;
    const ordering = Array.from({ length: orderClients }, () => this.#repeat(() => this.#order()));
    this.#clients = Promise.all([
      ...ordering,
      this.#repeat(() => this.#document()),
      this.#repeat(() => this.#read()),
    ]);
  }

  /** Resolves once every client has had its last request taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#clients;
  }

  /** Resolves after that many more orders, documents and reads were taken; the tenant is served. */
  async goesOn(count = 3): Promise<void> {
    const [orders, documents, reads] = [this.orders.size, this.documents.length, this.reads];
    const deadline = Date.now() + 60_000;
    while (
      this.orders.size < orders + count ||
      this.documents.length < documents + count ||
      this.reads < reads + count
    ) {
      if (Date.now() > deadline)
        throw new Error(`nothing is taken any more: ${this.setbacks.slice(-3).join(' | ')}`);
      await sleep(20);
    }
  }

  /** Sends an order again that was taken, as a late message does. */
  async repeat(key: string): Promise<void> {
    const { id } = JSON.parse(await this.#until(201, (url) => this.#placeOrder(url, key))) as { id: string };
    if (id !== this.orders.get(key))
      this.faults.push(`order ${key} was ${this.orders.get(key)} and is now ${id}`);
  }

  /** Sends an order to an instance that does not answer, hangs up, and sends it to the others. */
  async orderLate(url: string, hangUpMs: number): Promise<void> {
    const key = randomUUID();
    await this.#placeOrder(url, key, hangUpMs).catch(() => undefined);
    await this.#order(key);
  }

  /** Sends a document again that was taken, and hangs up. */
  async documentLate(url: string, number: number, hangUpMs: number): Promise<void> {
    await this.#sendDocument(url, number, hangUpMs).catch(() => undefined);
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      const since = performance.now();
      await work().catch((error: unknown) => this.faults.push(String(error)));
      this.longestMs = Math.max(this.longestMs, performance.now() - since);
      await sleep((this.options.pauseMs ?? 100) * (0.5 + Math.random()));
    }
  }

  async #order(key: string = randomUUID()): Promise<void> {
    const { id } = JSON.parse(await this.#until(201, (url) => this.#placeOrder(url, key))) as { id: string };
    this.orders.set(key, id);
  }

  #placeOrder(url: string, key: string, giveUpMs?: number): Promise<Response> {
    const body = { account: 'QUICK', purchaseOrder: key, lines: [{ sku: trafficSku, quantity: 1 }] };
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    return this.#send(`${url}/orders`, { body: JSON.stringify(body), headers }, giveUpMs);
  }

  async #document(): Promise<void> {
    const number = this.documents.length + 1;
    await this.#until(202, (url) => this.#sendDocument(url, number));
    this.documents.push(`PO-${number}`);
  }

  #sendDocument(url: string, number: number, giveUpMs?: number): Promise<Response> {
    const headers = { 'content-type': 'application/edi-x12' };
    return this.#send(`${url}/edi`, { body: purchaseOrder850(number), headers }, giveUpMs);
  }

  async #read(): Promise<void> {
    await this.#until(200, (url) => this.#send(`${url}/inventory/${trafficSku}`));
    this.reads++;
  }

  #send(
    url: string,
    post?: { body: string; headers: Record<string, string> },
    giveUpMs = this.options.giveUpMs ?? 15_000,
  ): Promise<Response> {
    return fetch(url, {
      method: post ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${this.options.token}`, ...post?.headers },
      ...(post ? { body: post.body } : {}),
      signal: AbortSignal.timeout(giveUpMs),
    });
  }

  async #until(status: number, send: (url: string) => Promise<Response>): Promise<string> {
    const { urls } = this.options;
    for (const deadline = Date.now() + 120_000; ; await sleep(50)) {
      let setback: string;
      try {
        const response = await send(urls[this.#turn % urls.length] as string);
        const text = await response.text();
        if (response.status === status) return text;
        setback = `${response.status} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text.slice(0, 200)}`;
        if (response.status < 500 && response.status !== 429) throw new Fault(setback);
      } catch (error) {
        if (error instanceof Fault) throw error;
        const cause = (error as { cause?: { code?: string } }).cause?.code;
        setback = cause ?? (error as Error).name;
      }
      this.setbacks.push(setback);
      this.#turn++;
      if (Date.now() > deadline) throw new Error(`never taken: ${setback}`);
    }
  }
}

class Fault extends Error {}

/** A purchase order of one of Northwind's trading partners. */
export function purchaseOrder850(number: number): string {
  const control = String(number).padStart(9, '0');
  const segments = [
    `ISA*00*          *00*          *ZZ*QUICK          *ZZ*NORTHWIND      *261123*1200*U*00401*${control}*0*P*>`,
    `GS*PO*QUICK*NORTHWIND*20261123*1200*${number}*X*004010`,
    'ST*850*0001',
    `BEG*00*SA*PO-${number}**20261123`,
    `PO1*1*1*EA***VN*${trafficSku}`,
    'CTT*1',
    'SE*5*0001',
    `GE*1*${number}`,
    `IEA*1*${control}`,
  ];
  return `${segments.join('~')}~`;
}
