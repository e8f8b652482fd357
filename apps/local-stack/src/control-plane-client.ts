import { TierdeckError } from '#platform';

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
