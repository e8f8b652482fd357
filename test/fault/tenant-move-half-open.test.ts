import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readLeaseMs, TierdeckRuntime, type TenantScope } from '#runtime';
import { MOVE_TENANT } from '../../libs/tenancy/src/moves/move-kinds.js';
import { TestControlPlane } from '../support/control-plane.js';
import { faultAt } from '../support/move-faults.js';
import { StallingProxy } from '../support/stalling-proxy.js';
import { tenantManifest } from '../support/tenancy.js';
import { until } from '../support/until.js';

describe('an instance whose connection to the control plane went dead without being closed', () => {
  let folder: string;
  let controlPlane: TestControlPlane;
  let proxy: StallingProxy;
  let informed: TierdeckRuntime;
  let cutOff: TierdeckRuntime;
  /** Number of the last row that was written. */
  let last = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tierdeck-half-open-'));
    await mkdir(join(folder, 'tenants'));
    await writeFile(join(folder, 'tenants', 'moving.yaml'), tenantManifest('moving', { data: undefined }));
    controlPlane = await TestControlPlane.start({
      TIERDECK_ROLES: 'api,reconciler',
      TIERDECK_TENANTS_DIR: join(folder, 'tenants'),
      TIERDECK_PREPARED_DATABASES: '0',
    });
    proxy = await StallingProxy.start(controlPlane.url);
    informed = await start('informed', controlPlane.url);
    cutOff = await start('cut-off', proxy.url);
    for (const runtime of [informed, cutOff]) {
      await until(() => runtime.tenant('moving')?.status === 'ACTIVE');
    }
  });

  afterAll(async () => {
    proxy?.resume();
    await informed?.stop();
    await cutOff?.stop();
    await proxy?.stop();
    await controlPlane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(service: string, url: string): Promise<TierdeckRuntime> {
    const { commands, sdkTokens } = controlPlane.controlPlane.foundation;
    const { secret: token } = await commands.asSystem('test', (command) =>
      sdkTokens.create(command, {
        name: service,
        kind: 'RUNTIME',
        environment: 'production',
        tenantId: null,
      }),
    );
    // Whoever cannot tell where the tenant is shall say so soon.
    const moveDeadlineMs = service === 'cut-off' ? 50 : 5_000;
    return TierdeckRuntime.start({ url, token, service, dataDir: join(folder, service), moveDeadlineMs });
  }

  function scopeOf(runtime: TierdeckRuntime): TenantScope {
    const tenant = runtime.tenant('moving');
    if (!tenant) throw new Error('the tenant is missing');
    return runtime.database(tenant);
  }

  async function stateOfMove(): Promise<unknown> {
    const { data } = await controlPlane.graphql('{ tenant(slug: "moving") { moves(first: 1) { state } } }');
    return (data as { tenant: { moves: { state: string }[] } }).tenant.moves[0]?.state;
  }

  it('reads at no moment of a move less than was written before, or says that it cannot tell', async () => {
    const written = scopeOf(informed);
    const read = scopeOf(cutOff);
    // At the last moment before anybody is told of the move: what it holds by its last report is as fresh as can be.
    const cut = async (): Promise<void> => {
      await read.query('select 1 from region');
      expect(await cutOff.flush()).toBe(true);
      proxy.stall();
    };
    faultAt(controlPlane.controlPlane.foundation, MOVE_TENANT, 'copy-rows', { after: cut });
    const { errors } = await controlPlane.graphql(
      `mutation { changePlacement(input: { tenant: "moving", database: DEDICATED }) { operation { id } } }`,
    );
    expect(errors).toBeUndefined();
    const stale: string[] = [];
    let told = 0;
    let reads = 0;
    let after = 0;
    // Some more reads once it has moved.
    while (after < 20) {
      if ((await stateOfMove()) === 'UNDO_WINDOW') after++;
      const code = `n${++last}`;
      await written.query('insert into region (code, name) values ($1, $1)', [code]);
      try {
        const { rowCount } = await read.query('select 1 from region where code = $1', [code]);
        reads++;
        if (rowCount !== 1) stale.push(code);
      } catch (error) {
        expect(error).toMatchObject({ code: 'TENANT_MOVING' });
        told++;
      }
    }
    expect(stale).toEqual([]);
    expect(reads).toBeGreaterThan(20);
    expect(told).toBeGreaterThan(10);
    // However slow this machine is: the mover has waited until that lease was over.
    const [waited] = await controlPlane.controlPlane.foundation.database.query<{ ms: number }>(
      `select extract(epoch from m.cut_over_at - e.at)::float8 * 1000 as ms from tenant_move m, audit_event e
       where e.action = 'tenant.move-copied'`,
    );
    expect(waited?.ms).toBeGreaterThan(readLeaseMs);
  });

  it('reads on where the tenant is as soon as it is heard of again', async () => {
    proxy.resume();
    const read = scopeOf(cutOff);
    await until(async () => {
      const found = read.query('select 1 from region where code = $1', [`n${last}`]);
      return (await found.catch(() => undefined))?.rowCount === 1;
    });
  });
});
