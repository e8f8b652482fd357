import { setTimeout as sleep } from 'node:timers/promises';
import { ApiClient, ApiError } from '#api-client';

/** GraphQL to the control plane, as any client speaks it; a failure shows the query that met it. */
export class ControlPlane extends ApiClient {
  /** The same control plane, asked with another token. */
  as(token: string): ControlPlane {
    return new ControlPlane(this.url, token);
  }

  override async request<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    try {
      return await super.request<T>(query, variables);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new Error(`${error.message} ${error.extensions.code ?? ''}\n${query}`, { cause: error });
    }
  }

  /** Waits until an operation succeeded. @throws with its error if it does not. */
  async succeeded(operationId: string, timeoutMs = 120_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { operation } = await this.request<{
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
