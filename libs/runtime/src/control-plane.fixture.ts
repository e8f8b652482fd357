import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReportAnswer, RuntimeReport, RuntimeSnapshot, TenantSnapshot } from './wire.js';

/** A control plane as the runtime sees it, on a real port. It can be away, refuse, and take back what it said. */
export class FakeControlPlane {
  readonly token = 'runtime-token';
  readonly reports: RuntimeReport[] = [];
  /** Status with which reports are answered. */
  reportStatus = 200;
  /** With what reports are answered, and how late. */
  answer: Partial<ReportAnswer> = {};
  answerAfterMs = 0;
  snapshot: RuntimeSnapshot;
  #server: Server | undefined;
  #port = 0;
  readonly #streams = new Set<ServerResponse>();

  constructor(snapshot: RuntimeSnapshot) {
    this.snapshot = snapshot;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Also again after {@link stop}, on the same port. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Sends to every stream, and answers with it from now on. */
  publish(snapshot: RuntimeSnapshot): void {
    this.snapshot = snapshot;
    for (const stream of this.#streams) send(stream, snapshot);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end();
      return;
    }
    if (request.url === '/runtime/snapshot') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(this.snapshot));
    } else if (request.url === '/runtime/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      this.#streams.add(response);
      response.on('close', () => this.#streams.delete(response));
      response.write(': hello\n\n');
      send(response, this.snapshot);
    } else {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { reportStatus: status } = this;
      if (status === 200) {
        this.reports.push(JSON.parse(Buffer.concat(chunks).toString()) as RuntimeReport);
      }
      if (this.answerAfterMs > 0) await sleep(this.answerAfterMs);
      response.writeHead(status).end(JSON.stringify(this.answer));
    }
  }
}

function send(response: ServerResponse, snapshot: RuntimeSnapshot): void {
  response.write(`event: snapshot\nid: ${snapshot.revision}\ndata: ${JSON.stringify(snapshot)}\n\n`);
}

/** An active tenant of a pooled database; `overrides` say what differs. */
export function tenantSnapshot(
  overrides: Partial<TenantSnapshot> & Pick<TenantSnapshot, 'id' | 'slug' | 'databaseId'>,
): TenantSnapshot {
  return {
    name: overrides.slug,
    status: 'ACTIVE',
    tier: 'SHARED',
    region: null,
    integrationWorkers: 'SHARED',
    tokenHashes: [],
    quotas: [],
    weight: 1,
    ...overrides,
  };
}
