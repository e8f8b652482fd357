export interface HttpAnswer<T> {
  status: number;
  body: T;
  headers: Headers;
}

/** The data plane as one tenant's own systems call it. */
export class DataPlane {
  constructor(
    readonly url: string,
    readonly token: string,
  ) {}

  async get<T>(path: string): Promise<HttpAnswer<T>> {
    return this.#call<T>(path, {});
  }

  async post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer<T>> {
    return this.#call<T>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async #call<T>(path: string, init: RequestInit): Promise<HttpAnswer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.token}` },
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, body: (await response.json()) as T, headers: response.headers };
  }
}
