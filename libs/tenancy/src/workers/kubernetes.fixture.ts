import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Recorded {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/**
 * The Deployments API of Kubernetes 1.31 as far as it is used: bodies and statuses as a real API server answers them.
 * It keeps what was applied and refuses what a real one would.
 */
export class FakeKubernetes {
  readonly requests: Recorded[] = [];
  readonly deployments = new Map<string, Record<string, unknown>>();
  /** Answered instead of what was asked for. */
  refusal: { code: number; reason: string; message: string } | undefined;
  readonly #server: Server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const url = new URL(request.url ?? '/', 'http://kubernetes');
      const recorded: Recorded = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      };
      this.requests.push(recorded);
      const [code, body] = this.#answer(recorded);
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ method, path, headers, query, body }: Recorded): [number, unknown] {
    const status = (code: number, reason: string, message: string): [number, unknown] => [
      code,
      { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
    ];
    if (this.refusal) return status(this.refusal.code, this.refusal.reason, this.refusal.message);
    if (headers.authorization !== 'Bearer the-token') return status(401, 'Unauthorized', 'Unauthorized');
    const name = /^\/apis\/apps\/v1\/namespaces\/workers\/deployments\/([\w-]+)$/.exec(path)?.[1];
    if (name === undefined)
      return status(404, 'NotFound', 'the server could not find the requested resource');
    const present = this.deployments.get(name);
    if (method === 'PATCH') {
      if (headers['content-type'] !== 'application/apply-patch+yaml') {
        return status(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
      }
      if (!query.get('fieldManager'))
        return status(422, 'Invalid', 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value');
      this.deployments.set(name, body as Record<string, unknown>);
      return [present ? 200 : 201, body];
    }
    if (!present) return status(404, 'NotFound', `deployments.apps "${name}" not found`);
    if (method === 'DELETE') {
      this.deployments.delete(name);
      return [200, { kind: 'Status', apiVersion: 'v1', status: 'Success' }];
    }
    return [200, present];
  }
}
