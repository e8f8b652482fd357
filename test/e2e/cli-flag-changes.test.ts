import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exampleTenants, until } from '../../libs/flags/src/flags.fixture.js';
import { TestCli } from '../support/cli.js';
import { testAdminToken, TestControlPlane } from '../support/control-plane.js';

interface Report {
  format: string;
  created: string[];
  updated: string[];
  notes: { subject: string; outcome: string }[];
}

interface Cell {
  flag: string;
  environment: string;
  who: string;
  live: { enabled: boolean; variant: string | null; reason: string };
  draft: { enabled: boolean; variant: string | null } | null;
  changed: boolean;
}

/** Flags taken over, drafted, asked about, and changed later: the command is a process, and so is what serves it. */
describe('tierdeck, for changes of flags', () => {
  let server: TestControlPlane;
  let cli: TestCli;
  let approver: Record<string, string>;

  beforeAll(async () => {
    server = await TestControlPlane.start({ TIERDECK_ROLES: 'api,reconciler' });
    await server.controlPlane.foundation.database.query(exampleTenants);
    cli = await TestCli.start(server.url, testAdminToken);
    approver = { TIERDECK_TOKEN: (await cli.said('token', 'create', 'approver', 'release')).trim() };
  });
  afterAll(async () => {
    await cli?.remove();
    await server?.stop();
  });

  const opened = async (...args: string[]): Promise<string> =>
    /change-request\/(\S+)/.exec(await cli.said('change-request', 'open', ...args))?.[1] ?? '';
  const explained = (flag: string, ...where: string[]): Promise<string> =>
    cli.said('flag', 'explain', flag, ...where);

  it.each(['7.5.1', '8.2.0'])('imports an export of unleash-server %s with its report', async (version) => {
    const recorded = JSON.parse(await readFile(`test/fixtures/unleash/${version}.json`, 'utf8')) as {
      development: { file: { features: { name: string }[] } };
    };
    const { file } = recorded.development;
    const path = await cli.file(`${version}.json`, JSON.stringify(file));
    const environment = `from-${version.replaceAll('.', '-')}`;
    await cli.said('environment', 'create', environment);
    const dry = await cli.run(['flag', 'import', path, '-e', environment, '--dry-run']);
    expect(dry.code).toBe(2);
    expect(dry.stdout).toMatch(/^WHAT +OUTCOME +WHY\n/);
    expect(dry.stdout).toMatch(/^links +SKIPPED +Links of flags are not kept\.$/m);
    expect(dry.stdout).toMatch(
      /^flag\/strategy\.disabled +CHANGED +Its disabled strategies are left out\.$/m,
    );
    expect(dry.stderr).toMatch(
      new RegExp(`^\\d+ flags would be created and \\d+ updated in ${environment}; \\d+ notes\\.\\n$`),
    );
    const done = await cli.told<Report>('flag', 'import', path, '-e', environment);
    expect(done.format).toBe('EXPORT');
    expect([...done.created, ...done.updated].sort()).toEqual(file.features.map(({ name }) => name).sort());
    expect(await cli.said('flag', 'strategies', 'show', 'strategy.flexible', '-e', environment)).toMatch(
      /flexibleRollout/,
    );
  });

  it('says what a file must be that is none of Unleash', async () => {
    expect((await cli.run(['flag', 'import', join(cli.home, 'none.json')])).stderr).toContain(
      'FILE_NOT_FOUND',
    );
    const other = await cli.file('other.json', '{ "flags": [] }');
    const { code, stderr } = await cli.run(['flag', 'import', other]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/file\.features: .*\nhint: Export the flags of/),
    ]);
  });

  it('schedules a change, takes the schedule back, and applies another one at its time', async () => {
    await cli.said('flag', 'create', 'later', '-d', 'x', '--risk', 'FINANCIAL');
    const id = await opened('later', '--tenant', 'northwind', '--submit');
    const far = new Date(Date.now() + 30 * 86_400_000).toISOString();
    expect((await cli.run(['cr', 'schedule', id, far])).stderr).toContain('APPROVAL_NEEDED');
    expect((await cli.run(['cr', 'approve', id], approver)).code).toBe(0);
    expect((await cli.run(['cr', 'schedule', id, 'tomorrow'])).stderr).toContain('"tomorrow" is no time');
    expect((await cli.run(['cr', 'schedule', id, '2020-01-01'])).code).toBe(1);
    await cli.said('cr', 'schedule', id, far);
    expect(await cli.said('cr', 'show', id)).toContain(`scheduled for ${far}`);
    await cli.said('cr', 'unschedule', id);
    expect(await cli.said('cr', 'show', id)).toMatch(/in_review\n.*1 of 1 approval\n/);
    expect(await explained('later', '--tenant', 'northwind')).toMatch(/^later is off/);
    await cli.said('cr', 'schedule', id, far);
    // A month passes.
    await server.controlPlane.foundation.database.query(
      'update change_request set apply_at = clock_timestamp() where id = $1',
      [id],
    );
    await until(async () => (await cli.said('cr', 'show', id)).includes('applied'));
    expect(await explained('later', '--tenant', 'northwind')).toMatch(/^later is on/);
  });

  it('asks about many environments and contexts at once, live and with a draft', async () => {
    await cli.said('flag', 'create', 'engine', '-d', 'x', '--variant', 'old', 'new');
    await cli.said('flag', 'create', 'express', '-d', 'x');
    await cli.said('flag', 'set', 'express', 'on', '--env', 'staging', '--where', 'plan IN gold');
    await cli.said('flag', 'set', 'engine', 'old', '--tenant', 'northwind');
    const id = await opened('engine', 'new', '--branch', 'northwind/seattle');
    const asked = ['engine', 'express', '-e', 'staging', 'production', '--draft', id];
    const places = ['--for', 'northwind', 'northwind,branch=seattle,plan=gold', 'contoso,userId=jo'];
    const cells = await cli.told<Cell[]>('flag', 'playground', ...asked, ...places);
    expect(cells).toHaveLength(12);
    const said = (flag: string, environment: string): string[] =>
      cells
        .filter((one) => one.flag === flag && one.environment === environment)
        .map(({ who, live, draft, changed }) => {
          const value = (one: { enabled: boolean; variant: string | null }): string =>
            one.variant ?? (one.enabled ? 'on' : 'off');
          return `${who}: ${value(live)}${draft ? `, drafted ${value(draft)}` : ''}${changed ? ' *' : ''}`;
        });
    expect(said('engine', 'production')).toEqual([
      'northwind: old, drafted old',
      'northwind/seattle: old, drafted new *',
      'contoso jo: off, drafted off',
    ]);
    // The draft is of production.
    expect(said('engine', 'staging')).toEqual([
      'northwind: off',
      'northwind/seattle: off',
      'contoso jo: off',
    ]);
    expect(said('express', 'staging')).toEqual([
      'northwind: off',
      'northwind/seattle: on',
      'contoso jo: off',
    ]);
    const all = await cli.run(['flag', 'playground', 'engine', '--all-tenants', '--draft', id]);
    // Drafted for a branch: no tenant as a whole changes.
    expect([all.code, all.stdout]).toEqual([0, expect.stringMatching(/northwind +old +RULE +old\n/)]);
  });

  it('finds where flags stand in code, and which nobody needs any more', async () => {
    await cli.said('flag', 'create', 'found', '-d', 'x');
    await cli.said('flag', 'create', 'nowhere', '-d', 'x');
    const code = join(cli.home, 'shop');
    await mkdir(code);
    await writeFile(join(code, 'cart.ts'), `\nif (isEnabled('found')) {\n`);
    const scan = ['flag', 'refs', 'scan', code, '--commit', 'abc123'];
    expect(await cli.said(...scan)).toBe('repository/shop: 1 reference in 1 file\n');
    expect(await cli.told('flag', 'refs', 'list', 'found')).toEqual([
      { repository: 'shop', path: 'cart.ts', line: 2, excerpt: "if (isEnabled('found')) {" },
    ]);
    const stale = await cli.run(['flag', 'stale']);
    expect(stale.code).toBe(2);
    expect(stale.stdout).toMatch(/^nowhere .*NOT_IN_CODE/m);
    expect(stale.stdout).not.toMatch(/^found .*NOT_IN_CODE/m);
    await cli.said(...scan, '--no-excerpts');
    expect(await cli.told('flag', 'refs', 'list', 'found')).toMatchObject([{ path: 'cart.ts', excerpt: '' }]);
    expect((await cli.run(['flag', 'refs', 'scan', join(code, 'gone')])).stderr).toContain('FILE_NOT_FOUND');
  });
});
