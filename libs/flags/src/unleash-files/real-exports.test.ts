import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash, type Context } from 'unleash-client';
import { TestControlPlane } from '../../../../test/support/control-plane.js';

type Variant = { name: string; payload?: { type: string; value: string } };

/** What test/fixtures/unleash/README.md describes. */
interface Recorded {
  file: { features: { name: string }[] };
  answers: { context: Record<string, string>; on: Record<string, Variant | null> }[];
}

const versions = ['7.5.1', '8.2.0'];
/** The peer's environments and ours. */
const environments = { development: 'staging', production: 'production' } as const;
const segments = `
  a: createSegment(input: { name: "Europe", constraints: [{ contextName: "region", operator: "IN", values: ["eu"] }] }) { id }
  b: createSegment(input: { name: "Grown, not trial", constraints: [
    { contextName: "plan", operator: "NOT_IN", values: ["trial"] },
    { contextName: "amount", operator: "NUM_GT", value: "100" }] }) { id }`;

describe.each(versions)('an export of unleash-server %s', (version) => {
  let server: TestControlPlane;
  let recorded: Record<keyof typeof environments, Recorded>;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    recorded = JSON.parse(await readFile(`test/fixtures/unleash/${version}.json`, 'utf8')) as typeof recorded;
  });
  afterAll(() => server?.stop());

  interface Report {
    format: string;
    created: string[];
    updated: string[];
    notes: { subject: string; outcome: string; message: string }[];
  }

  async function importInto(environment: keyof typeof environments, dryRun = false): Promise<Report> {
    const { data, errors } = await server.graphql(
      `mutation ($input: ImportUnleashInput!) { importUnleash(input: $input) {
         format created updated notes { subject outcome message } } }`,
      {
        input: {
          environment: environments[environment],
          file: JSON.stringify(recorded[environment].file),
          dryRun,
        },
      },
    );
    if (errors) throw new Error(errors[0]?.message);
    return (data as { importUnleash: Report }).importUnleash;
  }

  it('is reported before and when it is imported, with all that is not as it was', async () => {
    const dry = await importInto('development', true);
    const skipped = dry.notes.filter(({ outcome }) => outcome === 'SKIPPED').map(({ subject }) => subject);
    expect(skipped).toEqual(expect.arrayContaining(['segment/Europe', 'segment/Grown, not trial']));
    const { errors } = await server.graphql(`mutation { ${segments} }`);
    expect(errors).toBeUndefined();
    const names = recorded.development.file.features.map(({ name }) => name).sort();
    const done = await importInto('development');
    expect(done.format).toBe('EXPORT');
    expect([...done.created].sort()).toEqual(names);
    expect(done.notes.map(({ subject, outcome }) => `${outcome} ${subject}`).sort()).toEqual(expectedNotes);
    const again = await importInto('production');
    expect([again.created, [...again.updated].sort()]).toEqual([[], names]);
  });

  it.each(['development', 'production'] as const)(
    'answers every context in %s as the peer did, through an unmodified SDK',
    async (environment) => {
      const { data } = await server.graphql(
        `mutation ($input: CreateSdkTokenInput!) { createSdkToken(input: $input) { secret } }`,
        { input: { name: environment, kind: 'CLIENT', environment: environments[environment] } },
      );
      const { secret } = (data as { createSdkToken: { secret: string } }).createSdkToken;
      const sdk = new Unleash({
        url: `${server.url}/api`,
        appName: 'fixture',
        customHeaders: { Authorization: secret },
        storageProvider: new InMemStorageProvider(),
        disableMetrics: true,
        refreshInterval: 60_000,
      });
      try {
        await new Promise((resolve, reject) => {
          sdk.once('synchronized', resolve);
          sdk.once('error', reject);
        });
        const { file, answers } = recorded[environment];
        for (const { context, on } of answers) {
          const { userId, sessionId, remoteAddress, ...properties } = context;
          const known = { userId, sessionId, remoteAddress };
          const asked = { ...Object.fromEntries(Object.entries(known).filter(([, one]) => one)), properties };
          const names = file.features.map(({ name }) => name).filter((name) => !byChance(name, context));
          const ours = names
            .filter((name) => sdk.isEnabled(name, asked))
            .map((name) => [name, variantOf(sdk, name, asked)]);
          const theirs = Object.entries(on).filter(([name]) => !byChance(name, context));
          expect({ context, on: Object.fromEntries(ours) }).toEqual({
            context,
            on: Object.fromEntries(theirs),
          });
        }
      } finally {
        sdk.destroy();
      }
    },
  );
});

/** Disabled strategies are left out; no SDK knows a strategy of one's own by itself. */
const expectedNotes = [
  'CHANGED flag/strategy.disabled',
  'CHANGED flag/strategy.only-disabled',
  'CHANGED flag/strategy.own',
  'SKIPPED contextFields',
  'SKIPPED links',
];

/** The peer makes up a session for a context that has none. */
function byChance(name: string, { sessionId }: Record<string, string>): boolean {
  return name === 'strategy.gradual-session' && !sessionId;
}

function variantOf(sdk: Unleash, name: string, context: Context): Variant | null {
  const { name: variant, payload, enabled } = sdk.getVariant(name, context);
  return enabled ? { name: variant, ...(payload ? { payload } : {}) } : null;
}
