import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exampleTenants } from '../../libs/flags/src/flags.fixture.js';
import { testAdminToken, TestControlPlane } from '../support/control-plane.js';
import { Context } from '../../apps/cli/src/context.js';
import { createProgram } from '../../apps/cli/src/program.js';

let server: TestControlPlane;
let folder: string;

class CapturedContext extends Context {
  stdout = '';
  stderr = '';
  override data(text: string): void {
    this.stdout += text;
  }
  override message(text: string): void {
    this.stderr += `${text}\n`;
  }
}

async function tierdeck(...words: string[]): Promise<CapturedContext> {
  const context = new CapturedContext({ TIERDECK_URL: server.url, TIERDECK_TOKEN: testAdminToken });
  await createProgram(context).parseAsync(words, { from: 'user' });
  return context;
}

beforeAll(async () => {
  server = await TestControlPlane.start();
  folder = await mkdtemp(join(tmpdir(), 'tierdeck-cli-flags-'));
  await server.controlPlane.foundation.database.query(exampleTenants);
  await tierdeck(
    'flag',
    'create',
    'shop.engine',
    '-d',
    'x',
    '--variant',
    'old',
    'new',
    '--default-variant',
    'old',
  );
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the commands of safe flag changes', () => {
  it('draft, simulate, show and apply a change request', async () => {
    const opened = await tierdeck(
      'change-request',
      'open',
      'shop.engine',
      'new',
      '--tenant',
      'northwind',
      '--submit',
    );
    const id = /change-request\/(\S+)/.exec(opened.stdout)?.[1] ?? '';
    const simulated = await tierdeck('cr', 'simulate', id);
    expect(simulated).toMatchObject({
      exitCode: 2,
      stdout: 'shop.engine: 5 of 7 would change, of 1 tenant\n  5 from old to new\n',
    });
    expect((await tierdeck('cr', 'show', id)).stdout).toContain(
      'shop.engine for TENANT northwind: no rule → new',
    );
    const asked = ['shop.engine', '--for', 'northwind', 'contoso,branch=seattle,plan=gold'];
    const drafted = await tierdeck('flag', 'playground', ...asked, '-e', 'staging', '--draft', id);
    expect(drafted.exitCode).toBe(0);
    const live = await tierdeck('flag', 'playground', ...asked, '--draft', id, '-o', 'json');
    expect(live.exitCode).toBe(2);
    expect(JSON.parse(live.stdout)).toMatchObject([
      { who: 'northwind', changed: true, draft: { variant: 'new' } },
      { who: 'contoso/seattle', changed: false },
    ]);
    expect((await tierdeck('cr', 'apply', id)).stdout).toContain('applied');
    expect((await tierdeck('cr', 'list', '-o', 'name')).stdout).toBe(`${id}\n`);
    expect((await tierdeck('flag', 'playground', 'shop.engine', '--all-tenants')).stdout).toMatch(
      /northwind +new +RULE/,
    );
  });

  it('scan code, list places and what is stale', async () => {
    await writeFile(join(folder, 'a.ts'), `\nisEnabled('shop.engine');\n`);
    const scanned = await tierdeck('flag', 'refs', 'scan', folder, '--repository', 'shop');
    expect(scanned.stdout).toBe('repository/shop: 1 reference in 1 file\n');
    expect((await tierdeck('flag', 'refs', 'list', 'shop.engine')).stdout).toContain('a.ts:2');
    expect(await tierdeck('flag', 'stale')).toMatchObject({ exitCode: 0 });
    await tierdeck('flag', 'create', 'nowhere', '-d', 'x');
    const stale = await tierdeck('flag', 'stale');
    expect(stale.exitCode).toBe(2);
    expect(stale.stdout).toMatch(/nowhere .*NOT_IN_CODE/);
  });

  it('shows shadow differences and the policy', async () => {
    expect((await tierdeck('flag', 'shadow', '--subject', 'pricing', '--examples')).stdout).toMatch(
      /^TENANT +BRANCH/,
    );
    expect((await tierdeck('cr', 'policy', 'production', 'STANDARD', '2')).stdout).toMatch(
      /production +STANDARD +2/,
    );
    await expect(tierdeck('flag', 'set', 'shop.engine', 'new')).rejects.toThrow('only by a change request');
    await tierdeck('cr', 'policy', 'production', 'STANDARD', '0');
  });
});
