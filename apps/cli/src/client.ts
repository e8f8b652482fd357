import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ApiClient, ApiError } from '#api-client';
import { CliError } from './cli-error.js';
import type { Session } from './session.js';

const timeoutMs = 60_000;

/** GraphQL to the control plane. */
export class Client {
  private readonly api: ApiClient;

  constructor(private readonly session: Session) {
    this.api = new ApiClient(session.url, session.token, timeoutMs);
  }

  /** @throws CliError with the code, message and hint of the first error. */
  async request<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    try {
      return await this.api.request<T>(query, variables);
    } catch (cause) {
      if (!(cause instanceof ApiError)) {
        const { url } = this.session;
        throw new CliError('UNREACHABLE', `The control plane at ${url} does not answer.`, 'npm start', {
          cause,
        });
      }
      const { code = `HTTP_${cause.status}`, hint, details } = cause.extensions;
      throw new CliError(code, plain(cause.message), hint, details);
    }
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

/** What GraphQL says of a wrong variable, without the variable: `waves[0]: Field "name" … was not provided.` */
function plain(message: string): string {
  const match = /^Variable "\$(\w+)" got invalid value .*?(?: at "\1\.([^"]+)")?; ([^;]+)$/s.exec(message);
  if (!match) return message;
  const [, , path, problem = ''] = match;
  return path ? `${path}: ${problem}` : problem;
}
