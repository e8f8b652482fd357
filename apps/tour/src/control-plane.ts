import { setTimeout as sleep } from 'node:timers/promises';

interface Answer<T> {
  data?: T | null;
  errors?: { message: string; extensions?: { code?: string; hint?: string } }[];
}

/** GraphQL to the control plane, as any client speaks it. */
export class ControlPlane {
  constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  /** The same control plane, asked with another token. */
  as(token: string): ControlPlane {
    return new ControlPlane(this.url, token);
  }

  async ask<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as Answer<T>;
    const [error] = answer.errors ?? [];
    if (error || !answer.data) {
      throw new Error(`${error?.message ?? response.status} ${error?.extensions?.code ?? ''}\n${query}`);
    }
    return answer.data;
  }

  /** Calls a mutation with one input and gives the wanted fields of its payload. @param type of its input */
  async change<T>(
    mutation: string,
    input: Record<string, unknown>,
    fields: string,
    type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`,
  ): Promise<T> {
    const answer = await this.ask<Record<string, T>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`,
      { input },
    );
    return answer[mutation] as T;
  }

  /** Waits until an operation succeeded. @throws with its error if it does not. */
  async succeeded(operationId: string, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { operation } = await this.ask<{
        operation: { status: string; error: { message: string } | null };
      }>(`query ($id: ID!) { operation(id: $id) { status error { message } } }`, { id: operationId });
      if (operation.status === 'SUCCEEDED') return;
      if (operation.status === 'FAILED' || Date.now() > deadline) {
        throw new Error(`operation ${operationId} is ${operation.status}: ${operation.error?.message ?? ''}`);
      }
      await sleep(20);
    }
  }
}
