import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OperationsReconciler } from '#operations';
import { testAdminToken, TestControlPlane } from '../../../../test/support/control-plane.js';
import { clusterOfUrl, TenantDatabases } from '../index.js';

const run = promisify(execFile);

describe('backups over GraphQL, HTTP and the command line', () => {
  let server: TestControlPlane;
  let reconciler: OperationsReconciler;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-downloads-'));
    server = await TestControlPlane.start({ TIERDECK_TENANTS_DIR: 'tenants' });
    const { app, foundation } = server.controlPlane;
    await app
      .get(TenantDatabases)
      .ensureCluster(clusterOfUrl('local', 'eu', foundation.configuration.databaseUrl));
    reconciler = new OperationsReconciler(foundation.operations, foundation.logger, { pollMs: 50 });
    await reconciler.start(foundation.notifications);
    for (const slug of ['acme', 'other']) {
      const { onboardTenant } = await graphql<{ onboardTenant: { operation: { id: string } } }>(
        `mutation { onboardTenant(input: { slug: "${slug}", name: "${slug}", kit: "northwind" }) { operation { id } } }`,
      );
      expect(await foundation.operations.settled(onboardTenant.operation.id, 60_000)).toBe('SUCCEEDED');
    }
  });

  afterAll(async () => {
    await reconciler.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function graphql<T>(query: string): Promise<T> {
    const { data, errors } = await server.graphql(query);
    if (errors) throw new Error(JSON.stringify(errors));
    return data as T;
  }

  /** Runs the command from its source, as a user would. */
  async function tierdeck(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const node = ['--conditions=source', '--import', './test/support/swc-loader.mjs', 'apps/cli/src/main.ts'];
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      TIERDECK_URL: server.url,
      TIERDECK_TOKEN: testAdminToken,
    };
    return run(process.execPath, [...node, ...args], { env }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  }

  const download = (id: string, token: string | undefined, plain = '') =>
    fetch(`${server.url}/backups/${id}/archive${plain}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });

  /** Files of a tar, by name. */
  function untar(bytes: Buffer): Record<string, Buffer> {
    const files: Record<string, Buffer> = {};
    for (let at = 0; bytes[at];) {
      const name = bytes.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
      const size = parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
      files[name] = bytes.subarray(at + 512, at + 512 + size);
      at += 512 + Math.ceil(size / 512) * 512;
    }
    return files;
  }

  it('back up, list, restore in place, drill and undo with a word for each', async () => {
    const made = await tierdeck('tenant', 'backup', 'acme');
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^backup\/[0-9a-f-]{36}\n$/) });
    expect((await tierdeck('tenant', 'backups', 'acme')).stdout).toMatch(/COMPLETE +REQUESTED/);
    const restored = await tierdeck('tenant', 'restore', 'acme', '--confirm', 'acme');
    expect([restored.code, restored.stdout]).toEqual([0, 'tenant/acme restored\n']);
    expect(restored.stderr).toMatch(/To undo it: tierdeck tenant restore acme --backup [0-9a-f-]{36}/);
    expect((await tierdeck('tenant', 'drill', 'acme')).stdout).toMatch(/PASSED/);
    const { tenant } = await graphql<{ tenant: object }>(`
      {
        tenant(slug: "acme") {
          status
          backupFreshness
          lastBackupAt
          drillState
          keyVersions {
            version
            shreddedAt
          }
          backupPolicy {
            source
            intervalMinutes
          }
          backups {
            reason
          }
          restores {
            mode
            status
          }
          restoreDrills {
            status
            rows
          }
        }
      }
    `);
    expect(tenant).toMatchObject({
      status: 'ACTIVE',
      backupFreshness: 'FRESH',
      drillState: 'PASSED',
      keyVersions: [{ version: 1, shreddedAt: null }],
      backupPolicy: { source: 'STANDARD', intervalMinutes: 1440 },
      backups: [{ reason: 'BEFORE_RESTORE' }, { reason: 'REQUESTED' }],
      restores: [{ mode: 'IN_PLACE', status: 'COMPLETE' }],
      restoreDrills: [{ status: 'PASSED' }],
    });
  });

  it('restore as a new tenant and side by side', async () => {
    const copy = await tierdeck('tenant', 'restore', 'acme', '--as', 'acme-copy');
    expect(copy).toMatchObject({ code: 0, stdout: 'tenant/acme-copy restored\n' });
    const aside = await tierdeck('tenant', 'restore', 'acme', '--side-by-side', '--hours', '1');
    expect(aside.stdout).toMatch(/^database\/local\/tierdeck_aside_[0-9a-f]{16}\n$/);
  });

  it('set a policy of a tenant and show it', async () => {
    const set = await tierdeck('tenant', 'backup-policy', 'acme', '--every', '60', '--keep', '3');
    expect(JSON.parse(set.stdout)).toMatchObject({
      backupPolicy: { source: 'TENANT', intervalMinutes: 60, keepCount: 3, keepDays: 30 },
    });
    const refused = await tierdeck('tenant', 'backup-policy', 'acme', '--every', '1');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('INVALID_INPUT')]);
  });

  it('export the rows in clear, and the archive as it is, to a file for its owner alone', async () => {
    const plain = join(folder, 'acme.tar.gz');
    expect(await tierdeck('tenant', 'export', 'acme', '--plain', '--out', plain)).toMatchObject({ code: 0 });
    expect((await stat(plain)).mode & 0o777).toBe(0o600);
    const files = untar(gunzipSync(await readFile(plain)));
    const about = JSON.parse(String(files['export.json'])) as {
      tables: { name: string; rows: number; bytes: number }[];
    };
    for (const { name, rows, bytes } of about.tables)
      expect(files[`${name}.csv`]?.length ?? 0).toBe(rows ? bytes : 0);
    const items = String(files['item.csv']);
    expect([items.includes('tenant_id'), items.includes('Chai')]).toEqual([false, true]);
    const sealed = join(folder, 'acme.tar');
    expect(await tierdeck('tenant', 'export', 'acme', '--out', sealed)).toMatchObject({ code: 0 });
    const bytes = await readFile(sealed);
    expect([bytes.includes('Chai'), 'manifest' in untar(bytes)]).toEqual([false, true]);
    const events = await server.controlPlane.foundation.database.query(
      `select after->>'plain' as plain, actor_name from audit_event where action = 'tenant.exported' order by revision`,
    );
    expect(events).toMatchObject([{ plain: 'true' }, { plain: 'false' }]);
  });

  it('give an archive to nobody without the right', async () => {
    const { tenant } = await graphql<{ tenant: { backups: { id: string }[] } }>(
      '{ tenant(slug: "acme") { backups(first: 1) { id } } }',
    );
    const id = tenant.backups[0]?.id ?? '';
    const { createToken } = await graphql<{ createToken: { secret: string } }>(
      'mutation { createToken(input: { name: "viewer", role: viewer }) { secret } }',
    );
    const statuses = await Promise.all(
      [undefined, 'nonsense', createToken.secret].map(
        async (token) => (await download(id, token, '?plain=true')).status,
      ),
    );
    expect(statuses).toEqual([401, 401, 403]);
    for (const unknown of ['x', '..%2F..%2Fadmin-token', '00000000-0000-4000-8000-000000000000']) {
      const answer = await download(unknown, testAdminToken);
      expect([answer.status, (await answer.json()) as object]).toEqual([
        404,
        { error: expect.objectContaining({ code: 'BACKUP_NOT_FOUND' }) },
      ]);
    }
  });

  it('rotate the key', async () => {
    expect((await tierdeck('tenant', 'rotate-key', 'acme')).stdout).toBe('tenant/acme key version 2\n');
    const again = await graphql<{ tenant: { keyVersions: { version: number }[] } }>(
      '{ tenant(slug: "acme") { keyVersions { version } } }',
    );
    expect(again.tenant.keyVersions.map(({ version }) => version)).toEqual([2, 1]);
  });
});
