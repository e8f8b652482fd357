import { describe, expect, it } from '@jest/globals';
import { useReleases } from './releases-installation.fixture.js';
import { author, reviewer } from './releases.fixture.js';
import type { CreateReleaseInput } from './releases.service.js';

describe('releases', () => {
  const { here, as, create, stateOf } = useReleases();

  it('needs an approval by somebody else for a financial flag, and the database insists', async () => {
    const flagChanges = [{ flag: 'pricing.engine', enabled: true, variant: 'waterfall-v2' }];
    const id = await create({ flagChanges });
    await as(author, (command) => here.world.releases.promote(command, id));
    const start = (): Promise<void> => as(author, (command) => here.world.releases.start(command, id));
    await expect(start()).rejects.toMatchObject({ code: 'APPROVAL_NEEDED' });
    await expect(
      as(author, (command) => here.world.releases.approve(command, id, null)),
    ).rejects.toMatchObject({
      code: 'AUTHOR_CANNOT_APPROVE',
    });
    const sql = (text: string, values: unknown[]): Promise<unknown> =>
      here.world.database.query(text, values);
    await expect(sql(`update release set status = 'RUNNING' where id = $1`, [id])).rejects.toThrow(
      /approval/,
    );
    const [row] = await here.world.database.query<{ digest: string }>(
      'select digest from release where id = $1',
      [id],
    );
    const forged = `insert into release_approval (release_id, digest, author_id, by_id, by_name) values ($1, $2, $3, $4, 'x')`;
    await expect(sql(forged, [id, row?.digest, author.id, author.id])).rejects.toThrow(/not_by_the_author/);
    await expect(sql(forged, [id, 'other content', author.id, 'x'])).rejects.toThrow(/covers_the_content/);
    await expect(sql(`update release set content = '{}' where id = $1`, [id])).rejects.toThrow(
      /never changes/,
    );
    await as(reviewer, (command) => here.world.releases.approve(command, id, 'looks right'));
    await start();
    expect((await stateOf(id)).status).toBe('RUNNING');
  });

  it('lets the database refuse a wave out of order, and a tenant whose wave does not run', async () => {
    const id = await create();
    await as(author, (command) => here.world.releases.promote(command, id));
    await as(author, (command) => here.world.releases.start(command, id));
    const wave = (position: number, status: string): Promise<unknown> =>
      here.world.database.query(
        'update release_wave set status = $3 where release_id = $1 and position = $2',
        [id, position, status],
      );
    await expect(wave(2, 'RUNNING')).rejects.toThrow(/only after the one before it passed/);
    await expect(wave(1, 'PASSED')).rejects.toThrow(/begins with RUNNING/);
    await wave(1, 'RUNNING');
    await wave(1, 'SOAKING');
    await expect(wave(1, 'PASSED')).rejects.toThrow(/passes only after its soak/);
    await expect(
      here.world.database.query(
        `update release_tenant set status = 'APPLYING' where release_id = $1 and wave = 2`,
        [id],
      ),
    ).rejects.toThrow(/only while its wave/);
  });

  it('refuses what cannot work, with a typed error', async () => {
    const flagChanges = [{ flag: 'allocation.notice', enabled: true }];
    const wave = { name: 'all', selector: { rest: true } };
    const cases: [Partial<CreateReleaseInput>, object][] = [
      [{ artifactDigest: 'latest' }, { code: 'INVALID_INPUT', field: 'artifactDigest' }],
      [{ flagChanges: [{ flag: 'nope', enabled: true }] }, { code: 'FLAG_NOT_FOUND' }],
      [{ flagChanges: [{ flag: 'pricing.engine', enabled: true, variant: 'x' }] }, { code: 'INVALID_INPUT' }],
      [{ flagChanges: [] }, { code: 'INVALID_INPUT', field: 'flagChanges' }],
      [{ migrations: ['nope'] }, { code: 'MIGRATION_NOT_FOUND' }],
      [{ migrations: ['one_way'] }, { code: 'INVALID_INPUT', field: 'migrations' }],
      [{ migrations: ['contracts'] }, { code: 'INVALID_INPUT', field: 'migrations' }],
      [{ waves: [] }, { code: 'INVALID_INPUT', field: 'waves' }],
      [{ waves: [wave, { ...wave, name: 'b' }] }, { field: 'waves.0.selector.rest' }],
      [{ waves: [{ ...wave, concurrency: 0 }] }, { field: 'waves.0.concurrency' }],
      [{ waves: [{ ...wave, gates: [{ kpi: 'luck', threshold: 0.1 }] }] }, { field: 'waves.0.gates.0.kpi' }],
      [
        { waves: [{ ...wave, gates: [{ kpi: 'margin', threshold: 0 }] }] },
        { field: 'waves.0.gates.0.threshold' },
      ],
    ];
    for (const [input, error] of cases)
      await expect(create({ flagChanges, ...input })).rejects.toMatchObject(error);
    const nobody = await create({ waves: [{ name: 'none', selector: {} }] });
    await expect(as(author, (command) => here.world.releases.start(command, nobody))).rejects.toMatchObject({
      code: 'RELEASE_STATUS',
    });
    await as(author, (command) => here.world.releases.promote(command, nobody));
    await expect(as(author, (command) => here.world.releases.start(command, nobody))).rejects.toMatchObject({
      code: 'RELEASE_SELECTS_NOBODY',
    });
    await expect(
      as(author, (command) => here.world.releases.pause(command, 'x', null)),
    ).rejects.toMatchObject({
      code: 'RELEASE_NOT_FOUND',
    });
  });

  it('lets no two releases change the same flag at once', async () => {
    const first = await create();
    const second = await create({ name: 'Second' });
    for (const id of [first, second]) await as(author, (command) => here.world.releases.promote(command, id));
    const start = (id: string): Promise<void> =>
      as(author, (command) => here.world.releases.start(command, id));
    await start(first);
    await expect(start(second)).rejects.toMatchObject({ code: 'RELEASE_OVERLAP' });
  });
});
