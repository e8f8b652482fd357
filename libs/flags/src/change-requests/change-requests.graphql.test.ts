import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../../test/support/control-plane.js';
import { exampleTenants, until } from '../flags.fixture.js';

const fields = `id status statusReason digest approvalsNeeded approvalsGiven
  changes { summary before after } approvals { by counts } conflicts { field } applyAt`;

interface Request {
  id: string;
  status: string;
  statusReason: string | null;
  digest: string;
  changes: { summary: string }[];
}

let server: TestControlPlane;
let approver: string;

beforeAll(async () => {
  server = await TestControlPlane.start({ TIERDECK_ROLES: 'api,reconciler' });
  await server.controlPlane.foundation.database.query(exampleTenants);
  const { data } = await server.graphql(
    `mutation { createToken(input: { name: "approver", role: release }) { secret } }`,
  );
  approver = (data as { createToken: { secret: string } }).createToken.secret;
  await server.graphql(`mutation { createFlag(input: { key: "engine", kind: VARIANT, riskClass: FINANCIAL,
    variants: [{ name: "old" }, { name: "new" }], defaultVariant: "old" }) { revision } }`);
});

afterAll(() => server?.stop());

async function send(mutation: string, type: string, input: object, token?: string): Promise<Request> {
  const { data, errors } = await server.graphql(
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { changeRequest { ${fields} } } }`,
    { input },
    token,
  );
  if (errors) throw new Error(errors[0]?.extensions.code);
  return (data as Record<string, { changeRequest: Request }>)[mutation]?.changeRequest as Request;
}

function open(tenant: string): Promise<Request> {
  const scope = { kind: 'TENANT', key: tenant };
  const changes = [{ kind: 'SET_RULE', flag: 'engine', scope, enabled: true, variant: 'new' }];
  const input = { title: tenant, environment: 'production', submit: true, changes };
  return send('openChangeRequest', 'OpenChangeRequestInput', input);
}

async function look(id: string): Promise<Request> {
  const { data } = await server.graphql(`query ($id: ID!) { changeRequest(id: $id) { ${fields} } }`, { id });
  return (data as { changeRequest: Request }).changeRequest;
}

async function value(tenant: string): Promise<string | null> {
  const { data } = await server.graphql(
    `query ($input: EvaluateFlagInput!) { evaluateFlag(input: $input) { variant } }`,
    { input: { flag: 'engine', environment: 'production', tenant } },
  );
  return (data as { evaluateFlag: { variant: string | null } }).evaluateFlag.variant;
}

const soon = (): string => new Date(Date.now() + 1_000).toISOString();

describe('change requests over GraphQL', () => {
  it('are opened, approved by somebody else, and applied at their time', async () => {
    const { id, digest, changes } = await open('northwind');
    expect(changes[0]?.summary).toBe('engine for TENANT northwind: no rule → new');
    await expect(send('approveChangeRequest', 'ReviewChangeRequestInput', { id, digest })).rejects.toThrow(
      'AUTHOR_CANNOT_APPROVE',
    );
    await expect(
      send('scheduleChangeRequest', 'ScheduleChangeRequestInput', { id, at: soon() }),
    ).rejects.toThrow('APPROVAL_NEEDED');
    await send('approveChangeRequest', 'ReviewChangeRequestInput', { id, digest }, approver);
    const past = { id, at: '2020-01-01T00:00:00Z' };
    await expect(send('scheduleChangeRequest', 'ScheduleChangeRequestInput', past)).rejects.toThrow(
      'INVALID_INPUT',
    );
    const scheduled = await send('scheduleChangeRequest', 'ScheduleChangeRequestInput', { id, at: soon() });
    expect(scheduled.status).toBe('SCHEDULED');
    await until(async () => (await look(id)).status === 'APPLIED');
    expect(await value('northwind')).toBe('new');
  });

  it('stay unapplied when their schedule is cancelled, and say why when it failed', async () => {
    const cancelled = await open('contoso');
    const failing = await open('contoso');
    for (const { id, digest } of [cancelled, failing])
      await send('approveChangeRequest', 'ReviewChangeRequestInput', { id, digest }, approver);
    await send('scheduleChangeRequest', 'ScheduleChangeRequestInput', { id: cancelled.id, at: soon() });
    await send('cancelChangeRequestSchedule', 'ChangeRequestInput', { id: cancelled.id });
    await send('scheduleChangeRequest', 'ScheduleChangeRequestInput', { id: failing.id, at: soon() });
    // Turning off needs no approval; the scheduled request then no longer fits.
    await server.graphql(`mutation { setFlagRule(input: { flag: "engine", environment: "production",
      scope: { kind: TENANT, key: "contoso" }, enabled: false }) { revision } }`);
    await until(async () => (await look(failing.id)).status === 'IN_REVIEW');
    expect(await look(failing.id)).toMatchObject({
      statusReason: expect.stringContaining('CHANGE_REQUEST_CONFLICT'),
      conflicts: [{ field: 'changes.0' }],
    });
    expect((await look(cancelled.id)).status).toBe('IN_REVIEW');
    expect(await value('contoso')).toBe('old');
  });

  it('are demanded for a standard flag that a financial one depends on', async () => {
    const { errors } = await server.graphql(`mutation {
      a: createFlag(input: { key: "switch", kind: BOOLEAN }) { revision }
      b: createFlag(input: { key: "charged", kind: BOOLEAN, riskClass: FINANCIAL, dependencies: [{ flag: "switch" }] })
        { revision }
      c: createFlag(input: { key: "plain", kind: BOOLEAN }) { revision } }`);
    expect(errors).toBeUndefined();
    const turnOn = (flag: string): ReturnType<typeof server.graphql> =>
      server.graphql(`mutation { setFlagRule(input: { flag: "${flag}", environment: "production",
        scope: { kind: ENVIRONMENT, key: "*" }, enabled: true }) { revision } }`);
    expect((await turnOn('plain')).errors).toBeUndefined();
    expect((await turnOn('switch')).errors?.[0]).toMatchObject({
      message: expect.stringContaining('"charged"'),
      extensions: { code: 'CHANGE_REQUEST_REQUIRED' },
    });
    const undo = await server.graphql(
      `mutation { updateFlag(input: { key: "charged", dependencies: [] }) { revision } }`,
    );
    expect(undo.errors?.[0]?.extensions.code).toBe('CHANGE_REQUEST_REQUIRED');
  });

  it('are listed by status and flag; the policy is shown and set', async () => {
    const { data } = await server.graphql(
      `{ changeRequests(status: [APPLIED], flag: "engine", first: 1) { totalCount edges { node { title } } }
         other: changeRequests(flag: "none") { totalCount } approvalPolicies { environment riskClass minApprovals } }`,
    );
    expect(data).toMatchObject({
      changeRequests: { totalCount: 1, edges: [{ node: { title: 'northwind' } }] },
      other: { totalCount: 0 },
      approvalPolicies: expect.arrayContaining([
        { environment: 'production', riskClass: 'FINANCIAL', minApprovals: 1 },
        { environment: 'staging', riskClass: 'FINANCIAL', minApprovals: 0 },
      ]),
    });
    const policy = `mutation { setApprovalPolicy(input: { environment: "production", riskClass: FINANCIAL,
      minApprovals: 0 }) { policies { minApprovals } } }`;
    const refused = await server.graphql(policy, {}, approver);
    expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await server.graphql(policy)).errors).toBeUndefined();
  });
});
