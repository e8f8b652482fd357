import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { selects, type Tenant } from '#tenancy';
import { planWaves } from './release-planner.js';
import type { WaveSelector, WaveSpec } from './release.js';

const slugs = ['aldi', 'bolt', 'core', 'dyna', 'echo', 'fern'];

const tenants = fc.uniqueArray(
  fc.record({
    slug: fc.constantFrom(...slugs),
    status: fc.constantFrom('ACTIVE', 'ACTIVE', 'SUSPENDED', 'PROVISIONING', 'OFFBOARDING'),
    region: fc.constantFrom('eu', 'us', null),
    labels: fc.dictionary(fc.constantFrom('ring', 'size'), fc.constantFrom('canary', 'small', 'large')),
    databasePlacement: fc.constantFrom('SHARED', 'DEDICATED'),
    workerPlacement: fc.constantFrom('SHARED', 'DEDICATED'),
  }),
  { selector: ({ slug }) => slug },
);

const selector: fc.Arbitrary<WaveSelector> = fc.oneof(
  fc.constant({}),
  fc.record({ slugs: fc.subarray(slugs) }),
  fc.record({
    labels: fc.dictionary(fc.constantFrom('ring', 'size'), fc.constantFrom('canary', 'small'), {
      minKeys: 1,
    }),
  }),
  fc.record({ tiers: fc.subarray(['SHARED', 'HYBRID', 'DEDICATED'] as const) }) as fc.Arbitrary<WaveSelector>,
  fc.record({ regions: fc.subarray(['eu', 'us']) }),
);

const wave = (name: string, selects: WaveSelector): WaveSpec => ({
  name,
  selector: selects,
  concurrency: 1,
  soakSeconds: 0,
  gates: [],
});

const asTenant = (part: Partial<Tenant> & { slug: string }): Tenant => ({
  id: part.slug,
  name: part.slug,
  plan: 'standard',
  status: 'ACTIVE',
  region: null,
  labels: {},
  databasePlacement: 'SHARED',
  workerPlacement: 'SHARED',
  databaseId: 'pool',
  suspension: null,
  statusBefore: null,
  eraseAfter: null,
  erasingSince: null,
  createdAt: new Date(0),
  ...part,
});

describe('planWaves', () => {
  it('puts each eligible tenant into the first wave that selects it, and lists the others', () => {
    fc.assert(
      fc.property(tenants, fc.array(selector, { maxLength: 5 }), (parts, selectors) => {
        const all = parts.map(asTenant);
        const plan = planWaves(
          selectors.map((chosen, index) => wave(`w${index}`, chosen)),
          all,
        );
        for (const tenant of all) {
          const eligible = tenant.status === 'ACTIVE' || tenant.status === 'SUSPENDED';
          const first = selectors.findIndex((chosen) => selects(chosen, tenant));
          const holders = plan.waves.filter((planned) => planned.tenants.includes(tenant));
          expect(holders.map(({ position }) => position)).toEqual(eligible && first >= 0 ? [first + 1] : []);
          expect(plan.unmatched.includes(tenant)).toBe(eligible && first < 0);
        }
        for (const planned of plan.waves) {
          expect(planned.tenants).toEqual(all.filter((tenant) => planned.tenants.includes(tenant)));
        }
      }),
    );
  });

  it('takes an empty selector for nobody, never for everybody, and says so', () => {
    const plan = planWaves([wave('empty', {}), wave('none', { slugs: [] })], [asTenant({ slug: 'aldi' })]);
    expect(plan.waves.map(({ tenants: chosen }) => chosen.length)).toEqual([0, 0]);
    expect(plan.warnings).toEqual([
      'Wave 1 "empty" selects no tenant and does nothing.',
      'Wave 2 "none" selects no tenant and does nothing.',
    ]);
    expect(plan.unmatched).toHaveLength(1);
  });

  it('leaves nobody unmatched when the last wave takes the rest', () => {
    fc.assert(
      fc.property(tenants, fc.array(selector, { maxLength: 3 }), (parts, selectors) => {
        const waves = [...selectors, { rest: true }].map((chosen, index) => wave(`w${index}`, chosen));
        expect(planWaves(waves, parts.map(asTenant)).unmatched).toEqual([]);
      }),
    );
  });

  it('warns of unknown slugs and of tenants that cannot take part', () => {
    const plan = planWaves(
      [wave('canary', { slugs: ['aldi', 'nobody'] })],
      [asTenant({ slug: 'aldi', status: 'PROVISIONING' })],
    );
    expect(plan.warnings).toContain('Wave "canary" names tenant "nobody", which does not exist.');
    expect(plan.warnings).toContain('Tenant "aldi" is PROVISIONING and left out.');
  });
});
