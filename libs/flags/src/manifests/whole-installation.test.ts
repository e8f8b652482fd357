import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import type { Command } from '#audit';
import { ManifestsService, type ManifestChange } from '#tenancy';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { ApprovalPoliciesService } from '../change-requests/approval-policies.service.js';
import type { UnleashConstraint } from '../compiler/index.js';
import { EnvironmentClones } from '../environment-clones.js';
import { environmentScope } from '../flag.js';
import { exampleTenants } from '../flags.fixture.js';
import { FlagsService } from '../flags.service.js';
import { ProjectsService } from '../projects.service.js';
import { SegmentsService } from '../segments.service.js';
import { ManifestExport } from './manifest-export.js';

let from: TestControlPlane;
let to: TestControlPlane;

beforeAll(async () => {
  from = await TestControlPlane.start();
  to = await TestControlPlane.start();
  for (const server of [from, to]) await server.controlPlane.foundation.database.query(exampleTenants);
  // Its segments are numbered otherwise.
  await to.controlPlane.foundation.database.query('alter table segment alter column id restart with 500');
});
afterAll(() => Promise.all([from?.stop(), to?.stop()]));

function run<T>({ controlPlane }: TestControlPlane, work: (command: Command) => Promise<T>): Promise<T> {
  return controlPlane.foundation.commands.asSystem('test', work);
}

function constraint(operator: string, contextName: string, ...values: string[]): UnleashConstraint {
  return { contextName, operator, values, inverted: false, caseInsensitive: false };
}

/** Every kind of thing that flags are made of, with every field set somewhere. */
async function fill(server: TestControlPlane): Promise<void> {
  const { app } = server.controlPlane;
  const [flags, segments] = [app.get(FlagsService), app.get(SegmentsService)];
  await run(server, async (command) => {
    await app.get(EnvironmentClones).create(command, { name: 'qa', kind: 'STAGING' });
    await app.get(ApprovalPoliciesService).set(command, 'qa', 'FINANCIAL', 2);
    await app.get(ProjectsService).create(command, { key: 'money', name: 'Money', description: 'Prices' });
    const wide = await segments.create(command, {
      name: 'Europe',
      description: 'Where we began',
      constraints: [constraint('IN', 'region', 'eu', 'uk')],
    });
    await segments.create(command, { name: 'Unused', description: '', constraints: [] });
    await flags.createFlag(command, { key: 'parent', kind: 'BOOLEAN' });
    await flags.createFlag(command, {
      key: 'a-child',
      kind: 'VARIANT',
      riskClass: 'FINANCIAL',
      description: 'Which engine prices',
      owner: 'pricing',
      project: 'money',
      type: 'operational',
      lifecycle: 'STALE',
      expiresAt: new Date('2030-01-01T00:00:00Z'),
      tags: ['team:pricing'],
      impressionData: true,
      payloadSchema: { type: 'object' },
      variants: [
        { name: 'old', payload: {}, description: null },
        { name: 'new', payload: { depth: 3 }, description: 'Deep' },
      ],
      defaultVariant: 'old',
      dependencies: [{ flag: 'parent', enabled: false }],
    });
    const approval = 'deployment';
    await flags.setRule(command, {
      flag: 'a-child',
      environment: 'production',
      scope: { kind: 'BRANCH', key: 'northwind/seattle' },
      enabled: true,
      variant: 'new',
      percentage: 30,
      stickiness: 'account',
      constraints: [constraint('NOT_IN', 'channel', 'edi')],
      segments: [wide.id],
      startsAt: '2030-01-01T00:00:00.000Z',
      endsAt: '2031-01-01T00:00:00.000Z',
      reason: 'Pilot',
      lintOverride: 'Every service states its channel',
      approval,
    });
    await flags.setRule(command, {
      flag: 'parent',
      environment: 'qa',
      scope: environmentScope,
      enabled: false,
      reason: 'Not there yet',
      // A guarded flag waits for it to be off.
      approval,
    });
    await flags.setStrategies(command, {
      flag: 'a-child',
      environment: 'qa',
      strategies: [
        {
          name: 'flexibleRollout',
          parameters: { rollout: '50', stickiness: 'userId', groupId: 'a' },
          constraints: [constraint('IN', 'userId', 'ann')],
          segments: [wide.id],
          variants: [{ name: 'new', weight: 1_000 }],
        },
      ],
      variants: [{ name: 'old', weight: 1_000 }],
      approval,
    });
    await flags.setEnabled(command, { flag: 'parent', environment: 'staging', enabled: false });
  });
}

function exported({ controlPlane }: TestControlPlane): Promise<unknown[]> {
  return controlPlane.app.get(ManifestExport).manifests(null);
}

async function apply(server: TestControlPlane, manifests: readonly unknown[]): Promise<ManifestChange[]> {
  const files = [{ file: 'all.yaml', content: manifests.map((one) => stringify(one)).join('---\n') }];
  const service = server.controlPlane.app.get(ManifestsService);
  return (await run(server, (command) => service.apply(command, files))).changes;
}

const changed = (changes: readonly ManifestChange[]): string[] =>
  changes
    .filter(({ action }) => action !== 'NONE')
    .map(({ kind, name, action }) => `${action} ${kind}/${name}`);

describe('everything as manifests', () => {
  it('is taken back without a difference, and makes an empty installation the same', async () => {
    await fill(from);
    const manifests = await exported(from);
    expect(changed(await apply(from, manifests))).toEqual([]);
    expect(changed(await apply(to, manifests)).sort()).toEqual([
      'CREATE Environment/qa',
      'CREATE Flag/a-child',
      'CREATE Flag/parent',
      'CREATE Project/money',
      'CREATE Segment/Europe',
      'CREATE Segment/Unused',
    ]);
    expect(await exported(to)).toEqual(manifests);
    expect(changed(await apply(to, manifests))).toEqual([]);
    const [segment] = await to.controlPlane.foundation.database.query<{ id: number }>(
      `select id from segment where name = 'Europe'`,
    );
    const [rule] = await to.controlPlane.foundation.database.query<{ segments: number[] }>(
      `select segments from flag_rule where flag_key = 'a-child'`,
    );
    expect(rule?.segments).toEqual([segment?.id]);
    expect(segment?.id).toBeGreaterThanOrEqual(500);
  });

  it('changes what a file changes, and leaves alone what people changed meanwhile', async () => {
    const manifests = await exported(to);
    const segments = to.controlPlane.app.get(SegmentsService);
    await apply(to, manifests);
    const [unused] = (await segments.all()).filter(({ name }) => name === 'Unused');
    const mine = [constraint('IN', 'region', 'us')];
    const file = (description: string): unknown => ({
      apiVersion: 'tierdeck/v1',
      kind: 'Segment',
      metadata: { name: 'Unused' },
      spec: { description, constraints: [] },
    });
    expect(changed(await apply(to, [file('Nobody')]))).toEqual(['UPDATE Segment/Unused']);
    await run(to, (command) => segments.update(command, { id: unused?.id ?? 0, constraints: mine }));
    expect(changed(await apply(to, [file('Nobody')]))).toEqual([]);
    expect((await segments.all()).find(({ name }) => name === 'Unused')?.constraints).toEqual(mine);
  });

  it('tells what a manifest refers to and is not there', async () => {
    const flag = {
      apiVersion: 'tierdeck/v1',
      kind: 'Flag',
      metadata: { key: 'lost' },
      spec: {
        kind: 'BOOLEAN',
        project: 'nowhere',
        environments: {
          qa: { rules: [{ scope: { kind: 'ENVIRONMENT' }, enabled: true, segments: ['Nobody'] }] },
        },
      },
    };
    await expect(apply(to, [flag])).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      problems: [{ field: 'spec.project' }, { field: 'spec.environments.qa.rules[0].segments' }],
    });
  });

  it('names file and line of what a command refuses, with its code', async () => {
    const content = `apiVersion: tierdeck/v1
kind: Flag
metadata: { key: placed }
spec:
  kind: BOOLEAN
  environments:
    production:
      rules:
        - { scope: { kind: TENANT, key: northwind }, enabled: false }
        - scope: { kind: ENVIRONMENT }
          enabled: true
          constraints: [{ contextName: channel, operator: NOT_IN, values: [edi] }]
`;
    const { errors } = await to.graphql(
      `mutation ($input: ApplyManifestsInput!) { applyManifests(input: $input) { changes { action } } }`,
      { input: { manifests: [{ file: 'flags/placed.yaml', content }] } },
    );
    expect(errors?.[0]).toMatchObject({
      message: expect.stringContaining('flags/placed.yaml:10: spec.environments.production.rules[1]: OPENS'),
      extensions: {
        code: 'LINT_REFUSED',
        hint: expect.stringContaining('lintOverride'),
        details: { problems: [{ file: 'flags/placed.yaml', line: 10 }] },
      },
    });
    const { data } = await to.graphql(`{ flags(search: "placed") { edges { node { key } } } }`);
    expect(data).toEqual({ flags: { edges: [] } });
  });

  it('asks of a person what an environment asks for', async () => {
    const { data } = await to.graphql(
      `mutation { createToken(input: { name: "op", role: operator }) { secret } }`,
    );
    const operator = (data as { createToken: { secret: string } }).createToken.secret;
    const manifest = (approvals: number): object => ({
      input: {
        manifests: [
          {
            file: 'e.yaml',
            content: stringify({
              apiVersion: 'tierdeck/v1',
              kind: 'Environment',
              metadata: { name: 'production' },
              spec: { kind: 'PRODUCTION', approvals: { FINANCIAL: approvals } },
            }),
          },
        ],
      },
    });
    const send = async (approvals: number, token?: string): Promise<string | undefined> => {
      const answer = await to.graphql(
        `mutation ($input: ApplyManifestsInput!) { applyManifests(input: $input) { changes { action } } }`,
        manifest(approvals) as Record<string, unknown>,
        token,
      );
      return answer.errors?.[0]?.extensions.code;
    };
    expect(await send(0, operator)).toBe('FORBIDDEN');
    expect(await send(3)).toBeUndefined();
  });
});
