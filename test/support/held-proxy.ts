import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** They are of one connection, or of a body that is no longer as it was. */
const notForwarded = ['host', 'connection', 'content-length', 'content-encoding', 'transfer-encoding'];

/**
 * Stands between an SDK and the control plane as a proxy that knows no streams: SDKs behind it poll. While it holds,
 * no answer comes through.
 */
export class HeldProxy {
  #open: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: string,
  ) {}

  static async start(target: string): Promise<HeldProxy> {
    const server = createServer();
    const proxy = new HeldProxy(server, target);
    server.on('request', (request, response) => {
      proxy.#forward(request, response).catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  hold(): void {
    this.#open = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#release();
  }

  async stop(): Promise<void> {
    this.release();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = Object.entries(request.headers).filter(([name]) => !notForwarded.includes(name));
    const answer = await fetch(`${this.target}${url}`, {
      method,
      headers: Object.fromEntries(headers) as Record<string, string>,
      ...(method === 'GET' ? {} : { body: Buffer.concat(chunks) }),
    });
    const body = Buffer.from(await answer.arrayBuffer());
    await this.#open;
    const passed = [...answer.headers].filter(
      ([name]) => name !== 'fetch-mode' && !notForwarded.includes(name),
    );
    response.writeHead(answer.status, Object.fromEntries(passed));
    response.end(answer.status === 304 ? undefined : body);
  }
}
