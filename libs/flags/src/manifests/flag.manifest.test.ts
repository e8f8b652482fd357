import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManifestsService, type ManifestChange } from '#tenancy';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants } from '../flags.fixture.js';
import { FlagsService } from '../flags.service.js';

describe('flags as manifests', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
  });
  afterAll(() => server.stop());

  const manifest = (rules: string, more = '') => [
    {
      file: 'allocation.yaml',
      content: `apiVersion: tierdeck/v1
kind: Flag
metadata: { key: allocation }
spec:
  description: Which engine allocates.
  kind: VARIANT
  variants: [{ name: fifo }, { name: sourcing }]
  defaultVariant: fifo
  environments:
    production:
      enabled: true
      rules: [${rules}]
${more}`,
    },
  ];
  const atLondon = '{ scope: { kind: BRANCH, key: northwind/london }, enabled: true, variant: sourcing }';
  const later = '{ scope: { kind: BRANCH, key: northwind/later }, enabled: true, variant: sourcing }';
  const apply = async (files: { file: string; content: string }[]): Promise<ManifestChange[]> => {
    const { app, foundation } = server.controlPlane;
    const { changes } = await foundation.commands.asSystem('test', (command) =>
      app.get(ManifestsService).apply(command, files),
    );
    return changes;
  };
  const rules = async () => {
    const { data } = await server.graphql(
      `{ flag(key: "allocation") { rules(environment: "production") { scope { key } variant } } }`,
    );
    return (data as { flag: { rules: { scope: { key: string } }[] } }).flag.rules.map(
      ({ scope }) => scope.key,
    );
  };

  it('creates, leaves alone what did not change, and keeps what people set', async () => {
    expect(await apply(manifest(atLondon))).toMatchObject([
      { kind: 'Flag', name: 'allocation', action: 'CREATE' },
    ]);
    expect(await rules()).toEqual(['northwind/london']);
    expect(await apply(manifest(atLondon))).toMatchObject([{ action: 'NONE', fields: [] }]);
    const { app, foundation } = server.controlPlane;
    await foundation.commands.asSystem('test', (command) =>
      app.get(FlagsService).setRule(command, {
        flag: 'allocation',
        environment: 'production',
        scope: { kind: 'BRANCH', key: 'northwind/seattle' },
        enabled: true,
        variant: 'sourcing',
      }),
    );
    expect(await apply(manifest(atLondon))).toMatchObject([{ action: 'NONE' }]);
    expect(await apply(manifest(later))).toMatchObject([
      {
        action: 'UPDATE',
        fields: [
          { path: 'spec.environments.production.rules.BRANCH:northwind/later', before: null },
          { path: 'spec.environments.production.rules.BRANCH:northwind/london', after: null },
        ],
      },
    ]);
    expect(await rules()).toEqual(['northwind/later', 'northwind/seattle']);
  });

  it('keeps a rule that somebody changed, as long as the file says what it said', async () => {
    const { app, foundation } = server.controlPlane;
    const [file] = manifest(atLondon);
    const files = [{ file: 'other.yaml', content: (file?.content ?? '').replace('allocation', 'other') }];
    await apply(files);
    const scope = { kind: 'BRANCH', key: 'northwind/london' } as const;
    await foundation.commands.asSystem('test', (command) =>
      app
        .get(FlagsService)
        .setRule(command, { flag: 'other', environment: 'production', scope, enabled: false }),
    );
    expect(await apply(files)).toMatchObject([{ action: 'NONE' }]);
    const changed = [
      {
        file: 'other.yaml',
        content: (files[0]?.content ?? '').replace('variant: sourcing', 'variant: fifo'),
      },
    ];
    expect(await apply(changed)).toMatchObject([
      {
        action: 'UPDATE',
        fields: [{ before: { enabled: false, variant: null }, after: { enabled: true, variant: 'fifo' } }],
      },
    ]);
  });

  it('tells what is wrong, with its line', async () => {
    const wrong = '{ scope: { kind: TENANT, key: nobody }, enabled: true, variant: none }';
    await expect(apply(manifest(wrong))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      problems: [
        { line: 12, field: 'spec.environments.production.rules[0].variant' },
        { line: 12, field: 'spec.environments.production.rules[0].scope.key' },
      ],
    });
    await expect(apply(manifest('', '    nowhere: { enabled: true }'))).rejects.toMatchObject({
      problems: [{ line: 13, field: 'spec.environments.nowhere' }],
    });
  });
});
