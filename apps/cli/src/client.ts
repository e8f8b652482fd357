import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { CliError } from './cli-error.js';
import type { Session } from './session.js';

interface Answer<T> {
  data?: T | null;
  errors?: {
    message: string;
    extensions?: { code?: string; hint?: string; details?: Record<string, unknown> };
  }[];
}

/** GraphQL to the control plane. */
export class Client {
  constructor(private readonly session: Session) {}

  /** @throws CliError with the code, message and hint of the first error. */
  async request<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const { url, token } = this.session;
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(60_000),
    }).catch((cause: Error) => {
      throw new CliError('UNREACHABLE', `The control plane at ${url} does not answer.`, 'npm start', {
        cause,
      });
    });
    const answer = (await response.json().catch(() => ({}))) as Answer<T>;
    const [error] = answer.errors ?? [];
    if (error || !answer.data) {
      const { code = `HTTP_${response.status}`, hint, details } = error?.extensions ?? {};
      throw new CliError(
        code,
        error?.message ?? `The control plane answered ${response.status}.`,
        hint,
        details,
      );
    }
    return answer.data;
  }

  /** What a subscription brings, until the caller has seen enough. */
  async *follow<T>(query: string, variables: Record<string, unknown> = {}): AsyncGenerator<T> {
    const { url, token } = this.session;
    const client = createClient({
      url: `${url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${token}` },
    });
    try {
      for await (const { data, errors } of client.iterate<T>({ query, variables })) {
        const [error] = errors ?? [];
        if (error)
          throw new CliError((error.extensions?.['code'] as string | undefined) ?? 'FAILED', error.message);
        if (data) yield data;
      }
    } finally {
      await client.dispose();
    }
  }
}
