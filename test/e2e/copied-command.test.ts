import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ruleCommand, type ShownRule } from '../../apps/console/src/flags/rule-command.js';
import { createProgram } from '../../apps/cli/src/program.js';
import { Context } from '../../apps/cli/src/context.js';
import { exampleTenants } from '../../libs/flags/src/flags.fixture.js';
import { testAdminToken, TestControlPlane } from '../support/control-plane.js';

let server: TestControlPlane;

beforeAll(async () => {
  server = await TestControlPlane.start();
  await server.controlPlane.foundation.database.query(exampleTenants);
});
afterAll(() => server?.stop());

class Quiet extends Context {
  override data(): void {}
  override message(): void {}
}

/** Words of a command as a shell splits them; of quotes only single ones stand in it. */
const words = (command: string): string[] =>
  (command.match(/(?:[^\s']|'[^']*')+/g) ?? []).slice(1).map((word) => word.replaceAll(`'`, ''));

const tierdeck = (...args: string[]): Promise<unknown> =>
  createProgram(new Quiet({ TIERDECK_URL: server.url, TIERDECK_TOKEN: testAdminToken })).parseAsync(args, {
    from: 'user',
  });

const rulesOf = async (key: string): Promise<unknown[]> => {
  const { data } = await server.graphql(
    `query ($key: String!) { flag(key: $key) { rules(environment: "production") { scope { kind key } enabled variant
       percentage stickiness segments startsAt endsAt
       constraints { contextName operator values value inverted caseInsensitive } } } }`,
    { key },
  );
  return (data as { flag: { rules: unknown[] } }).flag.rules;
};

const shown: ShownRule = {
  scope: { kind: 'BRANCH', key: 'northwind/seattle' },
  enabled: true,
  variant: 'new',
  percentage: 20,
  stickiness: 'account',
  constraints: [
    { contextName: 'channel', operator: 'IN', values: ['web', 'edi'], value: null, inverted: false },
    { contextName: 'email', operator: 'STR_CONTAINS', values: ['ann'], value: null, inverted: false },
    { contextName: 'amount', operator: 'NUM_GT', values: [], value: '3', inverted: true },
  ].map((one) => ({ ...one, caseInsensitive: one.contextName === 'email' })),
  segments: [],
  startsAt: null,
  endsAt: '2030-01-01T00:00:00.000Z',
};

it('a rule that the console gives to copy is set by the command line as it is', async () => {
  await tierdeck('flag', 'create', 'copied', '-d', 'x', '--variant', 'old', 'new');
  const command = ruleCommand({ key: 'copied', riskClass: 'STANDARD' }, 'production', shown);
  await tierdeck(...words(command), '--lint-override', 'wanted');
  expect(await rulesOf('copied')).toEqual([shown]);
});

it('turning on what moves money is a change request, turning it off is not', async () => {
  const money = { key: 'money', riskClass: 'FINANCIAL' };
  await tierdeck('flag', 'create', 'money', '-d', 'x', '--variant', 'old', 'new', '--risk', 'FINANCIAL');
  await tierdeck(...words(ruleCommand(money, 'production', { ...shown, constraints: [] })));
  const { data } = await server.graphql(
    `{ changeRequests(flag: "money") { edges { node { status changes { summary } } } } }`,
  );
  expect(data).toMatchObject({
    changeRequests: {
      edges: [
        {
          node: {
            status: 'IN_REVIEW',
            changes: [
              { summary: expect.stringContaining('no rule → new for 20 % by account until 2030-01-01') },
            ],
          },
        },
      ],
    },
  });
  const off = { ...shown, enabled: false, variant: null, percentage: 100, constraints: [], endsAt: null };
  await tierdeck(...words(ruleCommand(money, 'production', off)));
  expect(await rulesOf('money')).toEqual([off]);
});
