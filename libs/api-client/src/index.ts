interface Answer<T> {
  data?: T | null;
  errors?: {
    message: string;
    extensions?: { code?: string; hint?: string; details?: Record<string, unknown> };
  }[];
}

/** An answer without data: the control plane refused or failed, or something else answered in its place. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status of the answer. */
    readonly status: number,
    /** Of the first error in the answer; nothing is known of an answer that names none. */
    readonly extensions: { code?: string; hint?: string; details?: Record<string, unknown> } = {},
    /** `cause` is set if the answer could not be read at all. */
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** GraphQL over HTTP to the control plane, with the token of one principal. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly token: string,
    private readonly timeoutMs = 30_000,
  ) {}

  /** @throws ApiError for an answer without data; what `fetch` throws if there was no answer. */
  async request<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(this.timeoutMs),
    });
    const unexplained = `The control plane answered ${response.status}.`;
    const answer = (await response.json().catch((cause: unknown) => {
      throw new ApiError(unexplained, response.status, {}, { cause });
    })) as Answer<T>;
    const [error] = answer.errors ?? [];
    if (error || !answer.data) {
      throw new ApiError(error?.message ?? unexplained, response.status, error?.extensions);
    }
    return answer.data;
  }

  /**
   * Calls a mutation of one input, and gives the wanted fields of its payload.
   * @param type of its input, by default named after the mutation
   */
  async change<T>(
    mutation: string,
    input: Record<string, unknown>,
    fields: string,
    type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`,
  ): Promise<T> {
    const answer = await this.request<Record<string, T>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${fields} } }`,
      { input },
    );
    return answer[mutation] as T;
  }
}
