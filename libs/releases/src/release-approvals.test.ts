import { describe, expect, it } from '@jest/globals';
import type { Actor } from '#audit';
import { TokensService } from '#identity';
import { TierdeckError, violatedConstraint } from '#platform';
import { useReleases } from './releases-installation.fixture.js';
import { author, reviewer } from './releases.fixture.js';

const wave = { name: 'all', selector: { rest: true }, soakSeconds: 0, gates: [] };
const europe = '[{"contextName": "region", "operator": "IN", "values": ["eu"]}]';

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    return error instanceof TierdeckError ? error.code : (violatedConstraint(error) ?? String(error));
  }
}

describe('approvals of releases', () => {
  const { here, as, create, reconcile, settled, started, stateOf, until } = useReleases();
  const raw = (sql: string, right = ''): Promise<string> =>
    codeOf(
      here.world.database.transaction(async (tx) => {
        await tx.query(`select set_config('tierdeck.approval', $1, true)`, [right]);
        await tx.query(sql);
      }),
    );
  const segmentOf = async (name: string): Promise<number> => {
    const [row] = await here.world.database.query<{ id: number }>(
      'insert into segment (name, constraints) values ($1, $2) returning id',
      [name, europe],
    );
    return row?.id ?? 0;
  };
  const widened = (segment: number): Promise<string> =>
    raw(`update segment set constraints = '[]' where id = ${segment}`);
  const financial = (segments: number[] = []) => ({
    flagChanges: [{ flag: 'pricing.engine', enabled: true, variant: 'waterfall-v2', segments }],
    waves: [wave],
  });
  const start = (id: string): Promise<string> =>
    codeOf(as(author, (command) => here.world.releases.start(command, id)));
  const approve = (id: string, by: Actor = reviewer): Promise<string> =>
    codeOf(as(by, (command) => here.world.releases.approve(command, id, null)));

  it('end with the edit of a segment that the release refers to, which cannot be edited any more once it runs', async () => {
    const segment = await segmentOf('pilot');
    const id = await create(financial([segment]));
    await as(author, (command) => here.world.releases.promote(command, id));
    expect(await approve(id)).toBe('done');
    expect(await widened(segment)).toBe('done');
    expect(await start(id)).toBe('APPROVAL_NEEDED');
    expect(await raw(`update release set status = 'RUNNING' where id = '${id}'`)).toBe(
      'release_meets_the_policy',
    );
    expect(await approve(id)).toBe('done');
    expect(await start(id)).toBe('done');
    // Nobody is exposed yet.
    expect(await raw(`update segment set constraints = '${europe}' where id = ${segment}`)).toBe(
      'segment_is_approved',
    );
    const changed = `delete from release_approval where release_id = '${id}'`;
    expect(await raw(changed)).toBe('release_approval_is_final');
  });

  it('cover the segments of rules that a rollback would put back', async () => {
    const segment = await segmentOf('before');
    const rule = `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, set_by, segments)
      values (gen_random_uuid(), 'pricing.engine', 'production', 'TENANT', 'aldi', true, 'wwi-best-price', 'x', '{${segment}}')`;
    expect(await raw(rule, 'deployment')).toBe('done');
    const id = await create(financial());
    await as(author, (command) => here.world.releases.promote(command, id));
    await approve(id);
    await start(id);
    await reconcile();
    await settled(id);
    expect(await widened(segment)).toBe('segment_is_approved');
    await as(author, (command) => here.world.releases.rollBack(command, id, null));
    await until(id, ({ status }) => status === 'ROLLED_BACK');
    const [back] = await here.world.database.query<{ segments: number[] }>(
      `select segments from flag_rule where flag_key = 'pricing.engine' and scope_key = 'aldi'`,
    );
    expect(back?.segments).toEqual([segment]);
  });

  it('are asked for when a flag becomes financial while the release runs: it pauses until somebody else approves', async () => {
    const id = await started({ flagChanges: [{ flag: 'allocation.notice', enabled: true }], waves: [wave] });
    await as(author, (command) =>
      here.world.flags.updateFlag(command, {
        key: 'allocation.notice',
        kind: 'BOOLEAN',
        riskClass: 'FINANCIAL',
      }),
    );
    await reconcile();
    const { statusReason, exposed } = await until(id, ({ status }) => status === 'PAUSED');
    expect(statusReason).toContain('"allocation.notice" needs approvals in production by now');
    expect(exposed).toEqual([]);
    const resume = (): Promise<string> =>
      codeOf(as(author, (command) => here.world.releases.resume(command, id)));
    expect(await resume()).toBe('APPROVAL_NEEDED');
    expect(await approve(id)).toBe('done');
    expect(await resume()).toBe('done');
    expect((await settled(id)).status).toBe('SUCCEEDED');
    expect((await stateOf(id)).exposed).toHaveLength(5);
    await raw(`update flag set risk_class = 'STANDARD' where key = 'allocation.notice'`, 'deployment');
  });

  it('are no right to set other rules, nor to set them for others', async () => {
    const id = await create(financial());
    await as(author, (command) => here.world.releases.promote(command, id));
    await approve(id);
    await start(id);
    const rule = (slug: string, variant: string): string =>
      `insert into flag_rule (id, flag_key, environment, scope_kind, scope_key, enabled, variant, set_by)
       values (gen_random_uuid(), 'pricing.engine', 'production', 'TENANT', '${slug}', true, '${variant}', 'x')`;
    const right = `release/${id}`;
    // Its turn has not come.
    expect(await raw(rule('aldi', 'waterfall-v2'), right)).toBe('flag_rule_is_approved');
    const turn = `update release_wave set status = 'RUNNING' where release_id = '${id}';
      update release_tenant set status = 'APPLYING' where release_id = '${id}'
        and tenant_id = (select id from tenant where slug = 'aldi')`;
    await here.world.database.query(turn);
    expect(await raw(rule('aldi', 'wwi-best-price'), right)).toBe('flag_rule_is_approved');
    expect(await raw(rule('bolt', 'waterfall-v2'), right)).toBe('flag_rule_is_approved');
    expect(await raw(rule('aldi', 'waterfall-v2'), right)).toBe('done');
  });

  it('are not given by another token of their author', async () => {
    const tokens = new TokensService(here.world.database);
    const tokenOf = async (name: string): Promise<Actor> => {
      const made = await as(author, (command) =>
        tokens.create(command, name, 'release', { person: 'kim@example.com' }),
      );
      const principal = await tokens.authenticate(made.secret);
      if (!principal) throw new Error('the token is not known');
      return principal.actor;
    };
    const [laptop, phone] = [await tokenOf('laptop'), await tokenOf('phone')];
    const { name, artifactDigest } = { name: 'Own', artifactDigest: `sha256:${'0'.repeat(64)}` };
    const id = await as(laptop, (command) =>
      here.world.releases.create(command, { name, artifactDigest, ...financial() }),
    );
    expect(await approve(id, phone)).toBe('AUTHOR_CANNOT_APPROVE');
    expect(
      await raw(`insert into release_approval (release_id, digest, author_id, by_id, by_name)
        select id, digest, created_by_id, '${phone.id}', 'x' from release where id = '${id}'`),
    ).toBe('release_approval_not_by_the_same_person');
    expect(await approve(id)).toBe('done');
  });
});
