import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '#platform';
import { startControlPlane, type ControlPlane } from '../../apps/control-plane/src/control-plane.js';
import { createTestDatabase } from './database.js';
import { freePort } from './stack.js';

export interface GraphqlResponse {
  status: number;
  data: Record<string, unknown> | null;
  errors?: { message: string; extensions: { code: string; hint?: string; field?: string } }[];
}

export const testAdminToken = 'test-admin-token-of-the-suite';

/** A control plane in this process, on a database of its own. */
export class TestControlPlane {
  private constructor(
    readonly controlPlane: ControlPlane,
    private readonly cleanUp: () => Promise<void>,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<TestControlPlane> {
    const scratch = await createTestDatabase('control-plane');
    const dataDir = await mkdtemp(join(tmpdir(), 'tierdeck-control-plane-'));
    const controlPlane = await startControlPlane(
      loadConfiguration({
        TIERDECK_DATABASE_URL: scratch.url,
        TIERDECK_DATA_DIR: dataDir,
        TIERDECK_PORT: String(await freePort()),
        TIERDECK_ADMIN_TOKEN: testAdminToken,
        TIERDECK_TENANTS_DIR: join(dataDir, 'no-tenants'),
        TIERDECK_ROLES: 'api',
        TIERDECK_LOG_LEVEL: 'silent',
        ...env,
      }),
    );
    return new TestControlPlane(controlPlane, async () => {
      await controlPlane.stop();
      await scratch.drop();
      await rm(dataDir, { recursive: true, force: true });
    });
  }

  get url(): string {
    return this.controlPlane.url;
  }

  /** A GraphQL request; without a token it comes from nobody. */
  async graphql(
    query: string,
    variables: Record<string, unknown> = {},
    token: string | undefined = testAdminToken,
  ): Promise<GraphqlResponse> {
    return this.post(JSON.stringify({ query, variables }), token);
  }

  /** Any bytes as the body of a GraphQL request. */
  async post(body: string, token?: string): Promise<GraphqlResponse> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body,
    });
    return { status: response.status, ...((await response.json()) as object) } as GraphqlResponse;
  }

  stop(): Promise<void> {
    return this.cleanUp();
  }
}
