import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RuntimeReport, RuntimeSnapshot } from '#runtime/wire';

/** A flag as the Unleash client API serves it. */
export interface FakeFeature {
  name: string;
  enabled: boolean;
  strategies: object[];
  variants?: object[];
}

/** The border between data plane and control plane, as a data-plane process sees it. Counts what it is told. */
export class FakeControlPlane {
  readonly reports: RuntimeReport[] = [];
  readonly #streams = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #port = 0;
  #onPoll: (() => void)[] = [];

  constructor(
    public snapshot: RuntimeSnapshot,
    public features: FakeFeature[] = [],
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts again on the same port if it was stopped. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Makes a newer snapshot and pushes it to who follows. */
  publish(change: (snapshot: RuntimeSnapshot) => void): void {
    const next = structuredClone(this.snapshot);
    change(next);
    next.revision++;
    this.snapshot = next;
    for (const stream of this.#streams) this.#push(stream);
  }

  /** Serves other flags from now on; resolves once a client that polls decides by them. */
  async serveFeatures(...features: FakeFeature[]): Promise<void> {
    this.features = features;
    // A client asks again only after it has taken in the answer before.
    for (let poll = 0; poll < 2; poll++) await new Promise<void>((resolve) => this.#onPoll.push(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?', 1)[0];
    const body = await readBody(request);
    switch (path) {
      case '/runtime/snapshot':
        return json(response, 200, this.snapshot);
      case '/runtime/stream':
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        this.#streams.add(response);
        response.on('close', () => this.#streams.delete(response));
        return this.#push(response);
      case '/runtime/report':
        this.reports.push(JSON.parse(body) as RuntimeReport);
        return json(response, 202, {});
      case '/api/client/features':
        for (const tell of this.#onPoll.splice(0)) tell();
        return json(response, 200, { version: 2, features: this.features, segments: [] });
      default:
        return json(response, path?.startsWith('/api/client/') ? 202 : 404, {});
    }
  }

  #push(stream: ServerResponse): void {
    stream.write(
      `event: snapshot\nid: ${this.snapshot.revision}\ndata: ${JSON.stringify(this.snapshot)}\n\n`,
    );
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A flag that is on everywhere, or where a context property has one of the values. */
export function fakeFeature(
  name: string,
  options: { variant?: string; where?: { property: string; values: string[] } } = {},
): FakeFeature {
  const constraints = options.where
    ? [{ contextName: options.where.property, operator: 'IN', values: options.where.values }]
    : [];
  const variants = options.variant
    ? [{ name: options.variant, weight: 1000, weightType: 'variable', stickiness: 'default' }]
    : [];
  return {
    name,
    enabled: true,
    strategies: [{ name: 'default', parameters: {}, constraints, variants }],
    variants: [],
  };
}
