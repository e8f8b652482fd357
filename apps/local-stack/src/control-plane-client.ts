import { setTimeout as sleep } from 'node:timers/promises';
import { TierdeckError } from '#platform';

/** Longest wait for a control plane that is being started again, or whose database is. */
const patienceMs = 60_000;
const tryEveryMs = 500;

interface GraphqlAnswer<T> {
  data?: T | null;
  errors?: { message: string; extensions?: { code?: string; hint?: string } }[];
}

/** Speaks to the control plane as any client would: GraphQL with the administrator's token. */
export class ControlPlaneClient {
  constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  /**
   * A query that waits for a control plane that is away for a while, as it may be when a process of it was killed.
   * @param isStopped ends the wait.
   * @throws TierdeckError if the control plane refuses it, or is away for too long.
   */
  async ask<T>(query: string, isStopped: () => boolean = () => false): Promise<T> {
    for (const deadline = Date.now() + patienceMs; ;) {
      try {
        return await this.request<T>(query);
      } catch (error) {
        const refused = error instanceof TierdeckError && error.httpStatus < 500;
        if (refused || isStopped() || Date.now() > deadline) throw error;
        await sleep(tryEveryMs);
      }
    }
  }

  /** @throws TierdeckError with the code of the first error in the answer. */
  async request<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as GraphqlAnswer<T>;
    const [error] = answer.errors ?? [];
    if (error || !answer.data) {
      const { code = 'REQUEST_FAILED', hint } = error?.extensions ?? {};
      const message = error?.message ?? `The control plane answered ${response.status}.`;
      throw new TierdeckError(code, message, response.status, hint ? { hint } : {});
    }
    return answer.data;
  }
}
