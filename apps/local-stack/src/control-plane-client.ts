import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient, ApiError } from '#api-client';
import { TierdeckError } from '#platform';

/** Longest wait for a control plane that is being started again, or whose database is. */
const patienceMs = 60_000;
const tryEveryMs = 500;

/** Speaks to the control plane as any client would: GraphQL with the administrator's token. */
export class ControlPlaneClient {
  private readonly api: ApiClient;

  constructor(
    readonly url: string,
    token: string,
  ) {
    this.api = new ApiClient(url, token);
  }

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
    try {
      return await this.api.request<T>(query, variables);
    } catch (error) {
      // What could not be read is no refusal: the connection may have broken in the middle of an answer.
      if (!(error instanceof ApiError) || error.cause) throw error;
      const { code = 'REQUEST_FAILED', hint } = error.extensions;
      throw new TierdeckError(code, error.message, error.status, hint ? { hint } : {});
    }
  }
}
