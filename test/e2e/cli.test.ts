import { execFile } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestCli, type Outcome } from '../support/cli.js';
import { TestStack } from '../support/stack.js';

const run = promisify(execFile);

let stack: TestStack;
let cli: TestCli;
let home: string;

beforeAll(async () => {
  stack = await TestStack.start();
  cli = await TestCli.start(stack.url, await stack.token('admin-token'));
  ({ home } = cli);
}, 180_000);

afterAll(async () => {
  await stack?.remove();
  await cli?.remove();
});

const tierdeck = (args: string[], env: Record<string, string> = {}): Promise<Outcome> => cli.run(args, env);

describe('tierdeck', () => {
  it('gets what there is, in every format', async () => {
    const table = await tierdeck(['get', 'tenants']);
    expect(table.stdout).toMatch(/^TENANT +TIER +STATUS/);
    expect(table.stdout).toMatch(/albion-gifts +DEDICATED +ACTIVE/);
    const json = await tierdeck(['get', 'tenants', '-o', 'json']);
    expect(JSON.parse(json.stdout)).toHaveLength(5);
    expect((await tierdeck(['get', 'tenants', '-o', 'name'])).stdout.split('\n')).toContain('northwind');
    expect((await tierdeck(['get', 'flags', '-o', 'yaml'])).stdout).toContain('key: pricing.engine');
    expect((await tierdeck(['get', 'quotas', '-t', 'northwind'])).stdout).toMatch(
      /northwind +REQUEST_RATE +50/,
    );
    expect((await tierdeck(['get', 'releases'])).code).toBe(0);
    expect((await tierdeck(['get', 'projects', '-o', 'name'])).stdout.split('\n')).toContain('default');
    expect(await tierdeck(['get', 'segments'])).toMatchObject({ code: 0, stderr: '' });
    expect((await tierdeck(['get', 'operations'])).stdout).toContain('tenant.onboard');
  });

  it('waits until every connected service has a kill switch', async () => {
    await tierdeck(['flag', 'create', 'cli.switch', '-d', 'A flag of the test']);
    const killed = await tierdeck(['flag', 'kill', 'cli.switch', '--reason', 'test', '--wait']);
    expect(killed).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/connected instances? ha(s|ve) it \(/),
    });
    const table = await tierdeck(['flag', 'propagation', 'cli.switch']);
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/distribution +1 +1/) });
    expect((await tierdeck(['flag', 'revive', 'cli.switch', '--wait'])).code).toBe(0);
  });

  it('tells differences by exit code 2, applies them, and then there are none', async () => {
    const file = join(home, 'northwind.yaml');
    const manifest = (name: string): string => `apiVersion: tierdeck/v1
kind: Tenant
metadata: { slug: northwind, labels: { region: eu, wave: canary } }
spec:
  name: ${name}
  plan: standard
  database: SHARED
  integrationWorkers: SHARED
  data: { kit: northwind }
`;
    await writeFile(file, manifest('Northwind Traders of Boston'));
    const diff = await tierdeck(['diff', '-f', file]);
    expect(diff).toMatchObject({ code: 2, stdout: expect.stringContaining('Northwind Traders of Boston') });
    expect((await tierdeck(['apply', '-f', file])).stdout).toContain('Tenant/northwind updated');
    expect(await tierdeck(['diff', '-f', file])).toMatchObject({ code: 0, stdout: '' });
    await writeFile(file, manifest('Northwind Traders'));
    expect((await tierdeck(['apply', '-f', file])).code).toBe(0);
    expect((await tierdeck(['diff', '-f', 'tenants'])).code).toBe(0);
  });

  it('names file, line and field of a wrong manifest, and applies nothing', async () => {
    const file = join(home, 'wrong.yaml');
    await writeFile(
      file,
      'apiVersion: tierdeck/v1\nkind: Tenant\nmetadata: { slug: acme }\nspec:\n  name: Acme\n  database: PRIVATE\n',
    );
    const outcome = await tierdeck(['apply', '-f', file]);
    expect(outcome.code).toBe(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toMatch(/wrong\.yaml:6: spec\.database: /);
    expect((await tierdeck(['get', 'tenants', '-o', 'name'])).stdout).not.toContain('acme');
  });

  it('sets, explains and clears a flag', async () => {
    const branch = 'northwind/seattle';
    const simulated = await tierdeck([
      'flag',
      'simulate',
      'pricing.engine',
      'waterfall-v2',
      '--branch',
      branch,
    ]);
    expect(simulated.code).toBe(2);
    expect(simulated.stdout).toMatch(/northwind/);
    const change = ['pricing.engine', 'waterfall-v2', '--branch', branch];
    const refused = await tierdeck(['flag', 'set', ...change]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(
      `tierdeck change-request open ${change[0]} ${change[1]} --env production --branch ${branch}`,
    );
    const opened = await tierdeck(['change-request', 'open', ...change, '--submit']);
    const id = /change-request\/(\S+)/.exec(opened.stdout)?.[1] ?? '';
    expect((await tierdeck(['change-request', 'approve', id])).stderr).toContain('AUTHOR_CANNOT_APPROVE');
    const { stdout: approver } = await tierdeck(['token', 'create', 'approver', 'release']);
    const other = { TIERDECK_TOKEN: approver.trim() };
    expect((await tierdeck(['change-request', 'approve', id, '--comment', 'good'], other)).code).toBe(0);
    expect((await tierdeck(['change-request', 'show', id])).stdout).toContain('approved by approver: good');
    expect((await tierdeck(['change-request', 'apply', id])).stdout).toContain('applied');
    expect((await tierdeck(['flag', 'explain', 'pricing.engine', '--branch', branch])).stdout).toMatch(
      /^pricing\.engine is on, waterfall-v2/,
    );
    expect((await tierdeck(['flag', 'clear', 'pricing.engine', '--branch', branch])).code).toBe(0);
    expect((await tierdeck(['flag', 'explain', 'pricing.engine', '--branch', branch])).stdout).toMatch(
      /^pricing\.engine is off/,
    );
  });

  it('keeps segments, projects and environments', async () => {
    const said = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await tierdeck(args);
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return stdout;
    };
    expect(await said('segment', 'create', 'Europe', '--where', 'region IN eu', '-d', 'Ours')).toBe(
      'segment/Europe created\n',
    );
    await said('segment', 'update', 'Europe', '--where', 'region IN eu,uk', 'not plan IN trial');
    expect(await said('segment', 'list')).toMatch(/Europe +region IN eu,uk; not plan IN trial +0 +Ours/);
    expect(await said('segment', 'show', 'Europe')).toMatch(/version +2/);
    expect((await tierdeck(['segment', 'update', 'Europe'])).stderr).toContain('Nothing was named');
    await said('segment', 'delete', 'Europe');
    expect((await tierdeck(['segment', 'show', 'Europe'])).stderr).toContain('SEGMENT_NOT_FOUND');
    await said('project', 'create', 'money', '--name', 'Money');
    await said('project', 'update', 'money', '-d', 'Prices');
    expect(await said('project', 'list')).toMatch(/money +Money +0 +Prices/);
    expect(JSON.parse(await said('project', 'show', 'money', '-o', 'json'))).toMatchObject({ version: 2 });
    expect((await tierdeck(['project', 'show', 'none'])).stderr).toContain('PROJECT_NOT_FOUND');
    const made = await tierdeck(['environment', 'create', 'drill', '--clone-of', 'staging']);
    expect(made).toMatchObject({ code: 0, stdout: 'environment/drill created\n' });
    expect(made.stderr).toMatch(/\d+ flags copied from staging/);
    expect(await said('environment', 'list')).toMatch(/drill +STAGING +3/);
    expect(await said('environment', 'show', 'drill')).toContain('STAGING');
  });

  it('imports flags, sets shares with conditions, and exports what applies without a difference', async () => {
    const [file, exported] = [join(home, 'unleash.json'), join(home, 'exported.yaml')];
    const features = [
      { name: 'cli.taken', type: 'release', enabled: true, strategies: [{ name: 'default' }] },
    ];
    await writeFile(file, JSON.stringify({ version: 2, features }));
    expect((await tierdeck(['flag', 'import', file, '--dry-run'])).stderr).toContain('1 flag would be');
    expect((await tierdeck(['flag', 'import', file])).code).toBe(0);
    const share = ['--percentage', '20', '--where', 'channel IN web,edi'];
    const tenant = ['cli.taken', 'on', '--tenant', 'northwind'];
    expect((await tierdeck(['flag', 'set', ...tenant, ...share])).stdout).toMatch(/^flag\/cli\.taken set/);
    const { stdout: manifest } = await tierdeck(['flag', 'export', 'cli.taken']);
    expect(manifest).toMatch(/percentage: 20/);
    expect(manifest).toMatch(/contextName: channel/);
    await writeFile(exported, manifest);
    expect(await tierdeck(['diff', '-f', exported])).toMatchObject({ code: 0, stdout: '' });
    const half = ['--percentage', '50', '--where', 'channel IN web', '--submit'];
    const opened = await tierdeck(['change-request', 'open', ...tenant, ...half]);
    const id = /change-request\/(\S+)/.exec(opened.stdout)?.[1] ?? '';
    expect((await tierdeck(['change-request', 'show', id])).stdout).toContain('on for 50 %');
    expect((await tierdeck(['change-request', 'apply', id])).stdout).toContain('applied');
    const { stdout: after } = await tierdeck(['flag', 'export', 'cli.taken']);
    expect(after).toMatch(/percentage: 50/);
    expect(after).not.toMatch(/edi/);
  });

  it('changes room and rate card of a cluster, and nothing that is not named', async () => {
    const { stdout } = await tierdeck(['cluster', 'list', '-o', 'name']);
    const cluster = stdout.split('\n')[0] ?? '';
    const terms = ['--max-databases', '77', '--worker-cost', '9.5'];
    expect((await tierdeck(['cluster', 'update', cluster, ...terms])).stdout).toBe(
      `cluster/${cluster} updated\n`,
    );
    expect((await tierdeck(['cluster', 'list'])).stdout).toMatch(/of 77 .* 9\.5$/m);
    await tierdeck(['cluster', 'update', cluster, '--pooled-cost', '3']);
    expect((await tierdeck(['cluster', 'list'])).stdout).toMatch(/of 77 .* 3 .* 9\.5$/m);
    const none = ['--pooled-cost', 'none', '--max-databases', 'none'];
    expect((await tierdeck(['cluster', 'update', cluster, ...none])).code).toBe(0);
    expect((await tierdeck(['cluster', 'list'])).stdout).toMatch(/ - +- +9\.5$/m);
    expect((await tierdeck(['cluster', 'list'])).stdout).not.toContain('of 77');
    expect((await tierdeck(['cluster', 'update', cluster])).stderr).toContain('Nothing was named');
  });

  it('boosts a quota and takes it back', async () => {
    const boosted = await tierdeck(['quota', 'boost', 'northwind', 'REQUEST_RATE', '80', '--minutes', '5']);
    expect(boosted.stdout).toMatch(/northwind REQUEST_RATE: 80 .*boost until/);
    expect((await tierdeck(['quota', 'unboost', 'northwind', 'REQUEST_RATE'])).stdout).toMatch(
      /50 .*\(plan\)/,
    );
    expect((await tierdeck(['quota', 'top'])).code).toBe(0);
  });

  it('lists dead letters and says when there is none of an id', async () => {
    expect((await tierdeck(['dead-letter', 'list', 'northwind'])).stdout).toMatch(/^DEAD LETTER +KIND/);
    const missing = await tierdeck(['dead-letter', 'retry', 'northwind', 'none']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('DEAD_LETTER_NOT_FOUND');
  });

  it('says when there is no operation of an id', async () => {
    const missing = await tierdeck(['operation', 'watch', 'none']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('OPERATION_NOT_FOUND');
  });

  it('verifies the audit and shows its tail', async () => {
    expect((await tierdeck(['audit', 'verify'])).stdout).toMatch(/^\d+ events untouched/);
    expect((await tierdeck(['audit', 'tail', '-n', '3'])).stdout.trim().split('\n')).toHaveLength(4);
  });

  it('keeps a login in a file of mode 0600, and refuses a wrong token', async () => {
    const token = await stack.token('admin-token');
    const login = await tierdeck(['login', '--url', stack.url], { TIERDECK_TOKEN: token });
    expect(login.code).toBe(0);
    const kept = join(home, '.config', 'tierdeck', 'login.json');
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    const refused = await tierdeck(['get', 'tenants'], { TIERDECK_TOKEN: 'wrong' });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('UNAUTHENTICATED');
    expect(refused.stderr).toContain('hint:');
  });

  it('lets a viewer look and nothing else', async () => {
    const { stdout } = await tierdeck(['token', 'create', 'looker', 'viewer']);
    const viewer = { TIERDECK_TOKEN: stdout.trim() };
    expect((await tierdeck(['get', 'tenants'], viewer)).code).toBe(0);
    const refused = await tierdeck(['tenant', 'suspend', 'northwind', '--reason', 'x'], viewer);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('FORBIDDEN');
  });

  it('asks nothing off a terminal: it names the option that confirms', async () => {
    const outcome = await tierdeck(['tenant', 'offboard', 'northwind', '--reason', 'x']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('--confirm northwind');
  });

  it('suggests a command for a mistyped one, and prints completions', async () => {
    expect((await tierdeck(['tenat'])).stderr).toContain('Did you mean tenant?');
    for (const shell of ['bash', 'zsh', 'fish']) {
      expect((await tierdeck(['completion', shell])).stdout).toContain('tierdeck');
    }
    const { stdout } = await tierdeck(['completion', 'bash']);
    const completed = await run('bash', [
      '-c',
      `${stdout}\nCOMP_WORDS=(tierdeck flag expl); COMP_CWORD=2; _tierdeck; echo "\${COMPREPLY[@]}"`,
    ]);
    expect(completed.stdout.trim()).toBe('explain');
  });
});
