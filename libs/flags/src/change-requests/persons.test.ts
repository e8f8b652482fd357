import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditReadModel, type Actor } from '#audit';
import { TokensService } from '#identity';
import { environmentScope } from '../flag.js';
import { ApprovalPoliciesService } from './approval-policies.service.js';
import { ann, ChangeRequestWorld, codeOf } from './change-requests.fixture.js';
import type { WantedChange } from './flag-change.js';

let world: ChangeRequestWorld;
let tokens: TokensService;

beforeAll(async () => {
  world = await ChangeRequestWorld.start();
  tokens = new TokensService(world.database);
});
afterAll(() => world?.stop());

async function tokenOf(name: string, person?: string): Promise<Actor> {
  const { secret } = await world.as(ann, (command) => tokens.create(command, name, 'release', { person }));
  const principal = await tokens.authenticate(secret);
  if (!principal) throw new Error('the token is not known');
  return principal.actor;
}

async function open(author: Actor): Promise<string> {
  const flag = await world.flag('FINANCIAL');
  const changes: WantedChange[] = [
    { kind: 'SET_RULE', flag, scope: environmentScope, rule: { enabled: true, variant: 'new' } },
  ];
  return world.as(author, (command) =>
    world.requests.open(command, { title: 'Pilot', environment: 'production', changes, submit: true }),
  );
}

async function approve(id: string, by: Actor): Promise<string> {
  const { digest } = await world.readModel.byId(id);
  return codeOf(world.as(by, (command) => world.requests.approve(command, id, digest, null)));
}

describe('a person with two tokens', () => {
  it('cannot approve with the one what they wrote with the other', async () => {
    const [laptop, phone] = [
      await tokenOf('laptop', 'Kim@Example.com '),
      await tokenOf('phone', 'kim@example.com'),
    ];
    const id = await open(laptop);
    expect(await approve(id, phone)).toBe('AUTHOR_CANNOT_APPROVE');
    const { digest } = await world.readModel.byId(id);
    const forged = world.database.query(
      `insert into change_request_approval (request_id, author_id, digest, version, by_id, by_name)
       values ($1, $2, $3, 1, $4, 'x')`,
      [id, laptop.id, digest, phone.id],
    );
    expect(await codeOf(forged)).toBe('change_request_approval_not_by_the_same_person');
    expect(await approve(id, await tokenOf('other', 'lee@example.com'))).toBe('done');
    // Their own request is theirs with either token.
    expect(await codeOf(world.as(phone, (command) => world.requests.apply(command, id)))).toBe('done');
  });

  it('counts once where two approvals are needed', async () => {
    const policies = new ApprovalPoliciesService();
    await world.as(ann, (command) => policies.set(command, 'production', 'FINANCIAL', 2));
    const id = await open(await tokenOf('author', 'max@example.com'));
    for (const name of ['desk', 'train'])
      expect(await approve(id, await tokenOf(name, 'ivy@example.com'))).toBe('done');
    expect(await world.readModel.byId(id)).toMatchObject({ approvalsGiven: 1, approvalsNeeded: 2 });
    expect(await approve(id, await tokenOf('machine'))).toBe('done');
    expect(await world.readModel.byId(id)).toMatchObject({ approvalsGiven: 2 });
    await world.as(ann, (command) => policies.set(command, 'production', 'FINANCIAL', 1));
  });

  it('is named by the audit, whose chain covers it', async () => {
    const audit = new AuditReadModel(world.database);
    await open(await tokenOf('desk', 'ada@example.com'));
    const { edges } = await audit.page({ actor: 'desk' }, { first: 1 });
    expect(edges[0]?.node).toMatchObject({ actor: 'desk', actorPerson: 'ada@example.com' });
    expect(await audit.verify()).toMatchObject({ ok: true });
    await world.database.query(`alter table audit_event disable trigger audit_event_is_append_only`);
    await world.database.query(
      `update audit_event set actor_person = 'eve@example.com' where actor_person = 'ada@example.com'`,
    );
    expect(await audit.verify()).toMatchObject({ ok: false });
  });

  it('stays with a token', async () => {
    const { id } = await tokenOf('fixed', 'joe@example.com');
    const swapped = world.database.query(`update api_token set person = 'x' where id = $1`, [id]);
    expect(await codeOf(swapped)).toBe('api_token_stays_with_its_person');
  });
});
