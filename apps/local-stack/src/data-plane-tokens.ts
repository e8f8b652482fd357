import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ControlPlaneClient } from './control-plane-client.js';

const createSdkToken = `mutation ($input: CreateSdkTokenInput!) { createSdkToken(input: $input) { secret } }`;
const createTenantToken = `mutation ($input: CreateTenantTokenInput!) { createTenantToken(input: $input) { secret } }`;

/** Tokens of the local data plane: made once through the API, kept in files of mode 0600 of the data directory. */
export class DataPlaneTokens {
  constructor(
    private readonly client: ControlPlaneClient,
    private readonly dataDir: string,
  ) {}

  /** Whether an earlier start has made the tokens that services need. */
  async areKept(): Promise<boolean> {
    const kept = await Promise.all(['runtime-token', 'sdk-token'].map((file) => this.#read(file)));
    return kept.every((token) => token !== undefined);
  }

  /** Token with which services read the runtime snapshot. */
  runtime(): Promise<string> {
    return this.#sdkToken('runtime-token', 'RUNTIME');
  }

  /** Token with which services read flags through an Unleash SDK. */
  sdk(): Promise<string> {
    return this.#sdkToken('sdk-token', 'CLIENT');
  }

  /** Token with which a tenant's own systems call the data plane. */
  tenant(slug: string): Promise<string> {
    return this.#once(join('tenant-tokens', slug), async () => {
      const input = { tenant: slug, name: 'local' };
      const { createTenantToken: made } = await this.client.request<{
        createTenantToken: { secret: string };
      }>(createTenantToken, { input });
      return made.secret;
    });
  }

  #sdkToken(file: string, kind: 'RUNTIME' | 'CLIENT'): Promise<string> {
    return this.#once(file, async () => {
      const input = { name: `local-${kind.toLowerCase()}`, kind, environment: 'production' };
      const { createSdkToken: made } = await this.client.request<{ createSdkToken: { secret: string } }>(
        createSdkToken,
        { input },
      );
      return made.secret;
    });
  }

  #read(name: string): Promise<string | undefined> {
    return readFile(join(this.dataDir, name), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    );
  }

  async #once(name: string, make: () => Promise<string>): Promise<string> {
    const file = join(this.dataDir, name);
    const kept = await this.#read(name);
    if (kept !== undefined) return kept;
    const secret = await make();
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, `${secret}\n`, { mode: 0o600 });
    return secret;
  }
}
