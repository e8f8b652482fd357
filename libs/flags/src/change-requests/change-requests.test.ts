import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Commands, type Actor } from '#audit';
import { Database, TierdeckError, violatedConstraint } from '#platform';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import type { FlagScope } from '../flag.js';
import { exampleTenants } from '../flags.fixture.js';
import { FlagsService } from '../flags.service.js';
import { ApprovalPoliciesService } from './approval-policies.service.js';
import { ChangeRequestsReadModel } from './change-requests.read-model.js';
import { ChangeRequestsService } from './change-requests.service.js';
import { SegmentsService } from '../segments.service.js';
import { ChangeMaker } from './make-changes.js';
import type { WantedChange } from './flag-change.js';

const ann: Actor = { kind: 'token', id: 'ann', name: 'Ann' };
const bob: Actor = { kind: 'token', id: 'bob', name: 'Bob' };
const cid: Actor = { kind: 'token', id: 'cid', name: 'Cid' };
const environment = 'production';
const seattle: FlagScope = { kind: 'BRANCH', key: 'northwind/seattle' };
const northwind: FlagScope = { kind: 'TENANT', key: 'northwind' };

let scratch: TestDatabase;
let database: Database;
let commands: Commands;
let readModel: ChangeRequestsReadModel;
const flags = new FlagsService();
let segments: SegmentsService;
let service: ChangeRequestsService;
let key = '';
let count = 0;

beforeAll(async () => {
  scratch = await createTestDatabase('control-plane');
  database = await Database.connect(scratch.url);
  commands = new Commands(database);
  readModel = new ChangeRequestsReadModel(database);
  segments = new SegmentsService(database);
  service = new ChangeRequestsService(new ChangeMaker(flags, segments));
  await database.query(exampleTenants);
});

afterAll(async () => {
  await database?.close();
  await scratch?.drop();
});

/** A financial flag of its own for each test. */
async function financialFlag(): Promise<void> {
  key = `engine-${++count}`;
  await as(ann, (command) =>
    flags.createFlag(command, {
      key,
      kind: 'VARIANT',
      riskClass: 'FINANCIAL',
      variants: [{ name: 'old' }, { name: 'new' }],
      defaultVariant: 'old',
    }),
  );
}

function as<T>(actor: Actor, work: Parameters<Commands['run']>[2]): Promise<T> {
  return commands.run(actor, { input: {} }, work) as Promise<T>;
}

const on = (scope: FlagScope = seattle): WantedChange => ({
  kind: 'SET_RULE',
  flag: key,
  scope,
  rule: { enabled: true, variant: 'new' },
});

function open(changes: WantedChange[] = [on()], submit = true): Promise<string> {
  return as(ann, (command) => service.open(command, { title: 'Pilot', environment, changes, submit }));
}

async function approve(id: string, by: Actor = bob): Promise<void> {
  const { digest } = await readModel.byId(id);
  await as(by, (command) => service.approve(command, id, digest, null));
}

const apply = (id: string, by: Actor = ann): Promise<void> => as(by, (command) => service.apply(command, id));

async function rules(): Promise<{ scope_key: string; enabled: boolean; variant: string | null }[]> {
  return database.query(
    'select scope_key, enabled, variant from flag_rule where flag_key = $1 order by scope_key',
    [key],
  );
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof TierdeckError) return error.code;
    return violatedConstraint(error) ?? String(error);
  }
}

describe('a financial flag in production', () => {
  it('is turned on only by a change request, and the refusal says how', async () => {
    await financialFlag();
    const direct = as(ann, (command) =>
      flags.setRule(command, { flag: key, environment, scope: seattle, enabled: true, variant: 'new' }),
    );
    await expect(direct).rejects.toMatchObject({
      code: 'CHANGE_REQUEST_REQUIRED',
      hint: expect.stringContaining(
        `tierdeck change-request open ${key} new --env production --branch northwind/seattle`,
      ),
    });
    const staging = { flag: key, environment: 'staging', scope: seattle, enabled: true, variant: 'new' };
    expect(await codeOf(as(ann, (command) => flags.setRule(command, staging)))).toBe('done');
    const id = await open();
    expect(await codeOf(apply(id))).toBe('APPROVAL_NEEDED');
    await approve(id);
    await apply(id);
    expect((await rules()).filter(({ scope_key }) => scope_key === seattle.key)).toContainEqual({
      scope_key: seattle.key,
      enabled: true,
      variant: 'new',
    });
    expect(await readModel.byId(id)).toMatchObject({ status: 'APPLIED', appliedBy: 'Ann' });
    expect(await codeOf(apply(id))).toBe('CHANGE_REQUEST_STATUS');
  });

  it('is turned off at once by anybody who may change flags, which the audit calls an emergency', async () => {
    await financialFlag();
    const id = await open([on(), on(northwind)]);
    await approve(id);
    await apply(id);
    const off = { flag: key, environment, scope: seattle, enabled: false };
    expect(await codeOf(as(ann, (command) => flags.setRule(command, off)))).toBe('done');
    // Without the branch's rule, its tenant's comes through: that would turn it on.
    const branch = { flag: key, environment, scope: seattle };
    expect(await codeOf(as(ann, (command) => flags.clearRule(command, branch)))).toBe(
      'CHANGE_REQUEST_REQUIRED',
    );
    const tenant = { flag: key, environment, scope: northwind };
    expect(await codeOf(as(ann, (command) => flags.clearRule(command, tenant)))).toBe('done');
    expect(await codeOf(as(ann, (command) => flags.clearRule(command, branch)))).toBe('done');
    const kill = { flag: key, environment, enabled: false };
    expect(await codeOf(as(ann, (command) => flags.setEnabled(command, kill)))).toBe('done');
    expect(await codeOf(as(ann, (command) => flags.setEnabled(command, { ...kill, enabled: true })))).toBe(
      'CHANGE_REQUEST_REQUIRED',
    );
    const audit = await database.query<{ action: string; emergency: boolean | null }>(
      `select action, (after ->> 'emergency')::boolean as emergency from audit_event
       where subject = $1 and action <> 'flag.created' order by revision`,
      [`flag/${key}`],
    );
    expect(audit).toEqual([
      { action: 'flag.rule-set', emergency: null },
      { action: 'flag.rule-set', emergency: null },
      { action: 'flag.rule-set', emergency: true },
      { action: 'flag.rule-cleared', emergency: true },
      { action: 'flag.rule-cleared', emergency: true },
      { action: 'flag.killed', emergency: true },
    ]);
  });

  it('keeps its risk class and variants unless a change request is approved', async () => {
    await financialFlag();
    const lower = { key, kind: 'VARIANT', riskClass: 'STANDARD' } as const;
    expect(await codeOf(as(ann, (command) => flags.updateFlag(command, lower)))).toBe(
      'CHANGE_REQUEST_REQUIRED',
    );
    // Staging alone would need no approval, but what a flag is shows in production too.
    const change: WantedChange = { kind: 'UPDATE_FLAG', flag: key, definition: { riskClass: 'STANDARD' } };
    const id = await as<string>(ann, (command) =>
      service.open(command, { title: 'Lower', environment: 'staging', changes: [change], submit: true }),
    );
    expect(await codeOf(apply(id))).toBe('APPROVAL_NEEDED');
    await approve(id);
    await apply(id);
    expect(await database.query('select risk_class from flag where key = $1', [key])).toEqual([
      { risk_class: 'STANDARD' },
    ]);
  });
});

describe('an approval', () => {
  it('is not the author’s to give, and is bound to the content that was looked at', async () => {
    await financialFlag();
    const id = await open();
    expect(await codeOf(approve(id, ann))).toBe('AUTHOR_CANNOT_APPROVE');
    const { digest } = await readModel.byId(id);
    const edited = {
      title: 'Pilot',
      changes: [on(), on({ kind: 'BRANCH', key: 'northwind/london' })],
    };
    await as(ann, (command) => service.edit(command, id, edited));
    expect(await codeOf(as(bob, (command) => service.approve(command, id, digest, null)))).toBe(
      'CHANGE_REQUEST_STATUS',
    );
    await as(ann, (command) => service.submit(command, id));
    expect(await codeOf(as(bob, (command) => service.approve(command, id, digest, null)))).toBe(
      'CHANGE_REQUEST_CHANGED',
    );
  });

  it('is void after any edit, even one that is taken back', async () => {
    await financialFlag();
    const id = await open();
    const { digest } = await readModel.byId(id);
    await approve(id);
    await as(ann, (command) => service.edit(command, id, { title: 'Other', changes: [on(northwind)] }));
    await as(ann, (command) => service.edit(command, id, { title: 'Pilot', changes: [on()] }));
    await as(ann, (command) => service.submit(command, id));
    expect(await readModel.byId(id)).toMatchObject({ digest, approvalsGiven: 0, approvalsNeeded: 1 });
    expect(await codeOf(apply(id))).toBe('APPROVAL_NEEDED');
    expect(await readModel.approvals([id])).toMatchObject([[{ by: 'Bob', counts: false }]]);
    expect(
      await codeOf(as(bob, (command) => service.edit(command, id, { title: 'x', changes: [on()] }))),
    ).toBe('CHANGE_REQUEST_NOT_YOURS');
  });

  it('is needed as often as the policy says', async () => {
    await financialFlag();
    const policies = new ApprovalPoliciesService();
    await as(ann, (command) => policies.set(command, environment, 'FINANCIAL', 2));
    try {
      const id = await open();
      await approve(id);
      await approve(id);
      expect(await codeOf(apply(id))).toBe('APPROVAL_NEEDED');
      await approve(id, cid);
      expect(await codeOf(apply(id))).toBe('done');
    } finally {
      await database.query('delete from approval_policy');
    }
  });
});

describe('the database, whatever the code does', () => {
  it('refuses rules, revivals and definitions without approval', async () => {
    await financialFlag();
    const insert = `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, set_by)
      values (gen_random_uuid(), '${key}', 'production', 'TENANT', 'northwind', true, 'new', 'x')`;
    expect(await codeOf(database.query(insert))).toBe('flag_rule_is_approved');
    await database.query(`update flag_environment set enabled = false where flag_key = '${key}'`);
    const revive = `update flag_environment set enabled = true where flag_key = '${key}' and environment = 'production'`;
    expect(await codeOf(database.query(revive))).toBe('flag_environment_is_approved');
    const lower = `update flag set risk_class = 'STANDARD' where key = '${key}'`;
    expect(await codeOf(database.query(lower))).toBe('flag_definition_is_approved');
    const claims = await Promise.all(
      [
        'emergency',
        `change-request/${await open()}`,
        'release/00000000-0000-4000-8000-000000000009',
        'x',
      ].map((right) =>
        codeOf(
          database.transaction(async (tx) => {
            await tx.query(`select set_config('tierdeck.approval', $1, true)`, [right]);
            await tx.query(insert);
          }),
        ),
      ),
    );
    expect(claims).toEqual(Array(4).fill('flag_rule_is_approved'));
  });

  it('refuses what opens by way of a condition or a segment, and lets plain turning off through', async () => {
    await financialFlag();
    const { id: segment } = (
      await database.query<{ id: number }>(
        `insert into segment (name, constraints) values ('of ' || gen_random_uuid(), '[]') returning id`,
      )
    )[0]!;
    const as = (right: string, sql: string): Promise<string> =>
      codeOf(
        database.transaction(async (tx) => {
          await tx.query(`select set_config('tierdeck.approval', $1, true)`, [right]);
          await tx.query(sql);
        }),
      );
    const off = (column: string, value: string): string =>
      `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, set_by, ${column})
       values (gen_random_uuid(), '${key}', 'production', 'TENANT', 'northwind', false, 'x', ${value})`;
    for (const [column, value] of [
      ['constraints', `'[{"contextName": "x", "operator": "IN", "values": ["y"]}]'`],
      ['segments', `'{${segment}}'`],
      ['starts_at', 'now()'],
      ['ends_at', 'now()'],
    ] as const) {
      // Where no rule was it only closes; where one is, what it kept away may come through.
      expect(await as('emergency', off(column, value))).toBe('done');
      await as('deployment', `delete from flag_rule where flag_key = '${key}'`);
      expect(await as('deployment', off('percentage', '100'))).toBe('done');
      const upsert = `${off(column, value)} on conflict (flag_key, environment, scope_kind, scope_key)
        do update set ${column} = excluded.${column}`;
      expect(await as('emergency', upsert)).toBe('flag_rule_is_approved');
      await as('deployment', `delete from flag_rule where flag_key = '${key}'`);
    }
    expect(await as('deployment', off('segments', `'{${segment}}'`))).toBe('done');
    const widen = `update segment set constraints = '[{}]' where id = ${segment}`;
    expect(await as('emergency', widen)).toBe('segment_is_approved');
    expect(await as('x', `update segment set deleted_at = now() where id = ${segment}`)).toBe(
      'segment_is_approved',
    );
    expect(await as('x', `update segment set description = 'y' where id = ${segment}`)).toBe('done');
    await as('deployment', `delete from flag_rule where flag_key = '${key}'`);
    expect(await as('emergency', off('percentage', '100'))).toBe('done');
    expect(await as('x', widen)).toBe('done');
  });

  it('refuses to apply without approval, to approve oneself, and to slip other content under an approval', async () => {
    await financialFlag();
    const id = await open();
    const applying = `update change_request set status = 'APPLYING' where id = '${id}'`;
    expect(await codeOf(database.query(applying))).toBe('change_request_is_approved');
    const insert = (by: string, digest = 'digest', author = 'author_id'): string =>
      `insert into change_request_approval (request_id, author_id, digest, version, by_id, by_name)
       select id, ${author}, ${digest}, version, '${by}', '${by}' from change_request where id = '${id}'`;
    expect(await codeOf(database.query(insert('ann')))).toBe('change_request_approval_not_by_the_author');
    expect(await codeOf(database.query(insert('ann', 'digest', `'bob'`)))).toBe(
      'change_request_approval_not_by_the_same_person',
    );
    expect(await codeOf(database.query(insert('cid', 'digest', `'bob'`)))).toBe(
      'change_request_approval_of_request',
    );
    expect(await codeOf(database.query(insert('bob', `'other'`)))).toBe(
      'change_request_approval_covers_the_content',
    );
    await approve(id);
    const slip = `update change_request set status = 'APPLYING',
      changes = jsonb_set(changes, '{0,rule,variant}', '"old"') where id = '${id}'`;
    expect(await codeOf(database.query(slip))).toBe('change_request_is_approved');
    const digest = `update change_request set digest = 'forged' where id = '${id}' returning digest`;
    await database.query(digest);
    expect((await readModel.byId(id)).digest).toMatch(/^[0-9a-f]{64}$/);
    const steal = `update change_request set author_id = 'bob' where id = '${id}'`;
    expect(await codeOf(database.query(steal))).toBe('change_request_is_the_same');
    const remove = `delete from change_request_approval where request_id = '${id}'`;
    expect(await codeOf(database.query(remove))).toBe('change_request_approval_is_final');
    expect(await codeOf(apply(id))).toBe('done');
  });
});

describe('a change request', () => {
  it('applies all of its changes or none, new variants before the rules that name them', async () => {
    await financialFlag();
    const variants = [{ name: 'old' }, { name: 'new' }, { name: 'newest' }];
    const id = await open([
      { kind: 'SET_RULE', flag: key, scope: seattle, rule: { enabled: true, variant: 'newest' } },
      { kind: 'UPDATE_FLAG', flag: key, definition: { variants } },
    ]);
    await approve(id);
    await apply(id);
    expect(await rules()).toEqual([{ scope_key: seattle.key, enabled: true, variant: 'newest' }]);
  });

  it('is refused when somebody changed the same thing meanwhile, and says what', async () => {
    await financialFlag();
    const [first, second] = [await open(), await open([on(), on(northwind)])];
    await approve(first);
    await approve(second);
    await apply(first);
    await expect(apply(second)).rejects.toMatchObject({
      code: 'CHANGE_REQUEST_CONFLICT',
      field: 'changes.0',
      details: { conflicts: [{ expected: 'null', found: '{"enabled":true,"variant":"new"}' }] },
    });
    expect(await rules()).toHaveLength(1);
  });

  it('is refused when it makes no sense', async () => {
    await financialFlag();
    expect(await codeOf(open([]))).toBe('INVALID_INPUT');
    expect(await codeOf(open([on(), on()]))).toBe('INVALID_INPUT');
    const unknown: WantedChange = { kind: 'SET_ENABLED', flag: 'none', enabled: true };
    expect(await codeOf(open([unknown]))).toBe('FLAG_NOT_FOUND');
    expect(await codeOf(open([on({ kind: 'TENANT', key: 'nobody' })]))).toBe('SCOPE_NOT_FOUND');
    expect(await codeOf(open(Array.from({ length: 501 }, () => on())))).toBe('INVALID_INPUT');
    expect(await codeOf(as(ann, (command) => service.submit(command, 'none')))).toBe(
      'CHANGE_REQUEST_NOT_FOUND',
    );
    const draft = await open([on()], false);
    expect(await codeOf(apply(draft))).toBe('CHANGE_REQUEST_STATUS');
    expect(await codeOf(as(ann, (command) => service.discard(command, draft)))).toBe('done');
    expect(await codeOf(as(ann, (command) => service.submit(command, draft)))).toBe('CHANGE_REQUEST_STATUS');
  });
});
