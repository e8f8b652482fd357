import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contosoId, exampleTenants, northwindId } from '../../libs/flags/src/flags.fixture.js';
import { KpiStore } from '../../libs/releases/src/kpi.store.js';
import { reportLines } from '../../libs/releases/src/releases.fixture.js';
import { TestCli } from '../support/cli.js';
import { testAdminToken, TestControlPlane } from '../support/control-plane.js';

interface Release {
  exposedTenants: number;
  waves: { status: string }[];
}

/** What a release manager does on the command line: the command is a process, and so is what serves it. */
describe('tierdeck release', () => {
  let server: TestControlPlane;
  let cli: TestCli;
  let approver: Record<string, string>;

  beforeAll(async () => {
    server = await TestControlPlane.start({ TIERDECK_ROLES: 'api,reconciler' });
    await server.controlPlane.foundation.database.query(exampleTenants);
    cli = await TestCli.start(server.url, testAdminToken);
    approver = { TIERDECK_TOKEN: (await cli.said('token', 'create', 'approver', 'release')).trim() };
    await cli.said('flag', 'create', 'parent', '-d', 'What others wait for');
    const child = ['child', '-d', 'Moves money', '--risk', 'FINANCIAL', '--depends', 'parent'];
    await cli.said('flag', 'create', ...child);
    const request = await cli.said('change-request', 'open', 'child', 'on', '--submit');
    const id = /change-request\/(\S+)/.exec(request)?.[1] ?? '';
    await cli.run(['change-request', 'approve', id], approver);
    await cli.said('change-request', 'apply', id);
    await cli.said('flag', 'set', 'parent', 'off', '--tenant', 'contoso', '--reason', 'not yet');
  });
  afterAll(async () => {
    await cli?.remove();
    await server?.stop();
  });

  /** `child is on (RULE)`, for each tenant. */
  const child = async (): Promise<string[]> => {
    const asked = ['child', '--for', 'northwind', 'contoso'];
    const cells = await cli.told<{ live: { enabled: boolean; reason: string } }[]>(
      'flag',
      'playground',
      ...asked,
    );
    return cells.map(({ live }) => `${live.enabled ? 'on' : 'off'} (${live.reason})`);
  };
  const until = async (id: string, holds: (release: Release) => boolean): Promise<void> => {
    const { database } = server.controlPlane.foundation;
    const world = { database, kpiStore: new KpiStore() } as Parameters<typeof reportLines>[0];
    for (let i = 0; i < 300; i++) {
      const { data } = await server.graphql(
        'query ($id: ID!) { release(id: $id) { exposedTenants waves { status } } }',
        { id },
      );
      if (holds((data as { release: Release }).release)) return;
      for (const tenant of [northwindId, contosoId]) await reportLines(world, tenant, 50, 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`never came true: ${await cli.said('release', 'show', id)}`);
  };

  it('sends a parent flag through waves, and what hangs on it follows there and back', async () => {
    const file = await cli.file(
      'release.yaml',
      `name: Parent
artifactDigest: sha256:${'a'.repeat(64)}
flagChanges: [{ flag: parent, enabled: true }]
waves:
  - name: first
    selector: { slugs: [northwind] }
    soakSeconds: 1
    gates: [{ kpi: margin, threshold: 0.02, minSamples: 100 }]
  - name: the rest
    selector: { rest: true }
    soakSeconds: 1
    gates: [{ kpi: edi-acceptance, threshold: 0.02, minSamples: 100 }]
`,
    );
    expect(await child()).toEqual(['off (DEPENDENCY)', 'off (DEPENDENCY)']);
    const wrong = await cli.file('wrong.yaml', 'name: x\nwaves: [{ name: a, selector: { rest: true } }]\n');
    // Without the variable and all that is in it.
    expect((await cli.run(['release', 'create', '-f', wrong])).stderr).toBe(
      'error: Field "artifactDigest" of required type "String!" was not provided. (GRAPHQL_INVALID)\n',
    );
    const id = /release\/(\S+)/.exec(await cli.said('release', 'create', '-f', file))?.[1] ?? '';
    await cli.said('release', 'promote', id);
    // The flag itself is STANDARD: what depends on it moves money.
    expect((await cli.run(['release', 'start', id])).stderr).toContain('APPROVAL_NEEDED');
    expect((await cli.run(['release', 'approve', id], approver)).code).toBe(0);
    await cli.said('release', 'start', id);
    await until(id, ({ exposedTenants }) => exposedTenants > 0);
    const first = await child();
    await until(id, ({ waves }) => waves[1]?.status === 'HELD');
    expect([first, await child()]).toEqual([
      ['on (RULE)', 'off (DEPENDENCY)'],
      ['on (RULE)', 'on (RULE)'],
    ]);
    const shown = await cli.said('release', 'show', id);
    expect(shown).toContain('  first: passed, 1 of 1 exposed\n    northwind exposed\n');
    expect(shown).toMatch(
      / {2}the rest: held, 1 of 1 exposed; edi-acceptance: 0 of 100 samples: too few to pass/,
    );
    await cli.said('release', 'rollback', id, '--reason', 'no EDI yet');
    const end = await cli.run(['release', 'watch', id]);
    expect([end.code, end.stdout]).toEqual([1, `release/${id} Parent: rolled_back\n`]);
    expect(await child()).toEqual(['off (DEPENDENCY)', 'off (DEPENDENCY)']);
    const { flag } = (
      await server.graphql(
        `{ flag(key: "parent") { rules(environment: "production") { scope { key } enabled reason } } }`,
      )
    ).data as { flag: { rules: unknown[] } };
    expect(flag.rules).toEqual([{ scope: { key: 'contoso' }, enabled: false, reason: 'not yet' }]);
  });

  it('clones an environment with parents and what depends on them, and opens nothing that needs an approval', async () => {
    await cli.said('flag', 'set', 'child', 'on', '--env', 'staging');
    await cli.said('flag', 'set', 'parent', 'on', '--env', 'staging');
    await cli.said('flag', 'create', 'free', '-d', 'Needs no approval', '--depends', 'parent');
    await cli.said('flag', 'set', 'free', 'on', '--env', 'staging');
    const decided = async (environment: string): Promise<string[]> => {
      const asked = ['parent', 'child', 'free', '-e', environment, '--for', 'northwind'];
      const cells = await cli.told<{ flag: string; live: { enabled: boolean; reason: string } }[]>(
        'flag',
        'playground',
        ...asked,
      );
      return cells.map(({ flag, live }) => `${flag} ${live.enabled ? 'on' : 'off'} (${live.reason})`);
    };
    const staging = await decided('staging');
    expect(staging).toEqual(['parent on (RULE)', 'child on (RULE)', 'free on (RULE)']);
    await cli.said('environment', 'create', 'twin', '--clone-of', 'staging');
    expect(await decided('twin')).toEqual(staging);
    const made = await cli.run([
      'environment',
      'create',
      'second',
      '--kind',
      'PRODUCTION',
      '--clone-of',
      'staging',
    ]);
    expect(made.stderr).toContain('Off there until approved: child, parent.');
    expect(await decided('second')).toEqual([
      'parent off (DEFAULT)',
      'child off (DEPENDENCY)',
      'free off (DEPENDENCY)',
    ]);
  });
});
