import { describe, expect, it } from '@jest/globals';
import { withTestClient } from '../../../test/support/database.js';
import { migrationName, useReleases } from './releases-installation.fixture.js';
import { author, reportLines } from './releases.fixture.js';
import { ledgerLock } from './tenant-migrator.js';

describe('releases', () => {
  const {
    here,
    ids,
    threeWaves,
    as,
    create,
    reconcile,
    started,
    stateOf,
    until,
    settled,
    traffic,
    rules,
    witness,
  } = useReleases();

  it('goes through three waves, each begun only after the one before it passed', async () => {
    await reconcile();
    const id = await started({ migrations: [migrationName] });
    const stop = traffic(() => 0);
    const state = await settled(id);
    await stop();
    expect(state.status).toBe('SUCCEEDED');
    expect(state.exposed).toEqual(['aldi', 'bolt', 'core', 'dyna', 'echo']);
    for (const [index, wave] of state.waves.entries()) {
      expect(wave.status).toBe('PASSED');
      const before = state.waves[index - 1]?.finishedAt;
      if (before) expect(wave.startedAt?.getTime()).toBeGreaterThanOrEqual(before.getTime());
      expect(state.gates[index]?.[0]?.samples).toBeGreaterThanOrEqual(50);
    }
    expect(await witness(here.pool)).toEqual([`${migrationName} up`]);
    expect(await witness(here.dedicated)).toEqual([`${migrationName} up`]);
    expect(await rules()).toHaveLength(5);
    const events = await here.world.database.query<{ action: string }>(
      `select action from audit_event where correlation = $1 order by revision`,
      [`release/${id}`],
    );
    const counted = (action: string): number => events.filter((event) => event.action === action).length;
    expect(counted('release.tenant-exposed')).toBe(5);
    expect(counted('flag.rule-set')).toBe(6);
    expect(counted('release.wave-passed')).toBe(3);
  });

  it('is stopped by the margin gate in wave 1 and restores exactly the rules that were there', async () => {
    await here.world.commands.asSystem('test', async (command) => {
      const rule = {
        flag: 'pricing.percent-deals',
        environment: 'production',
        enabled: false,
        reason: 'asked for',
      };
      await here.world.flags.setRule(command, { ...rule, scope: { kind: 'TENANT', key: 'aldi' } });
    });
    const before = await rules();
    await reconcile();
    const id = await started({
      name: 'Percent deals',
      flagChanges: [{ flag: 'pricing.percent-deals', enabled: true }],
      migrations: [migrationName],
      waves: threeWaves().map((wave) => ({ ...wave, soakSeconds: 60 })),
    });
    const seen = new Set<string>();
    const stop = traffic(async (slug) => {
      const { exposed } = await stateOf(id);
      for (const name of exposed) seen.add(String(name));
      return exposed.includes(slug) ? 10 : 0;
    });
    const state = await settled(id);
    await stop();
    expect(state.status).toBe('ROLLED_BACK');
    expect(state.statusReason).toMatch(/Gate margin failed in wave "canary"/);
    expect(state.waves.map(({ status }) => status)).toEqual(['FAILED', 'SKIPPED', 'SKIPPED']);
    expect(state.gates[0]?.[0]?.verdict).toBe('FAIL');
    expect(state.tenants.map((tenants) => tenants.map(({ status }) => status))).toEqual([
      ['ROLLED_BACK', 'ROLLED_BACK'],
      ['PENDING', 'PENDING'],
      ['PENDING'],
    ]);
    expect([...seen].sort()).toEqual(['aldi', 'bolt']);
    expect(await rules()).toEqual(before);
    expect(await witness(here.pool)).toEqual([`${migrationName} up`, `${migrationName} down`]);
    expect(await witness(here.dedicated)).toEqual([]);
  });

  it('holds without figures and says what is missing, and passes when they come', async () => {
    await reconcile();
    const id = await started();
    const held = await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    expect(held.waves[0]?.reason).toMatch(/margin: 0 of 50 samples: too few to pass/);
    expect(held.waves[1]?.status).toBe('PENDING');
    expect(held.exposed).toEqual(['aldi', 'bolt']);
    // Figures of tenants that are not in the wave say nothing about it.
    await reportLines(here.world, String(ids['core']), 500, 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await stateOf(id)).waves[0]?.status).toBe('HELD');
    const stop = traffic(() => 0);
    expect((await settled(id)).status).toBe('SUCCEEDED');
    await stop();
  });

  it('carries share and conditions of a rule through its waves, and restores those that were there', async () => {
    const where = (...values: string[]) => [
      { contextName: 'channel', operator: 'IN', values, inverted: false, caseInsensitive: false },
    ];
    const flag = 'pricing.percent-deals';
    const old = { enabled: true, percentage: 60, stickiness: 'userId', constraints: where('edi') };
    await here.world.commands.asSystem('test', async (command) => {
      const scope = { kind: 'TENANT', key: 'aldi' } as const;
      await here.world.flags.setRule(command, { flag, environment: 'production', scope, ...old });
    });
    const whole = (environment = 'production'): Promise<unknown[]> =>
      here.world.database.query(
        `select scope_key, enabled, percentage, stickiness, constraints, segments, starts_at, ends_at, reason
         from flag_rule where flag_key = $1 and environment = $2 order by 1`,
        [flag, environment],
      );
    const before = await whole();
    await reconcile();
    const change = { enabled: true, percentage: 20, constraints: where('web') };
    const id = await started({ flagChanges: [{ flag, ...change }] });
    expect(await whole('staging')).toMatchObject([change]);
    const first = await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    expect(first.exposed).toEqual(['aldi', 'bolt']);
    expect(await whole()).toMatchObject([
      { scope_key: 'aldi', stickiness: null, ...change },
      { scope_key: 'bolt', ...change },
    ]);
    const stop = traffic(() => 0);
    await until(id, ({ waves }) => waves[1]?.status !== 'PENDING');
    await stop();
    await as(author, (command) => here.world.releases.rollBack(command, id, null));
    expect(await settled(id)).toMatchObject({ status: 'ROLLED_BACK', exposed: [] });
    expect(await whole()).toEqual(before);
  });

  it('starts nobody while it is paused, goes on when resumed, and keeps the exposed when aborted', async () => {
    await reconcile();
    const id = await started();
    await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    await as(author, (command) => here.world.releases.pause(command, id, 'lunch'));
    const stop = traffic(() => 0);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const paused = await stateOf(id);
    expect(paused).toMatchObject({ status: 'PAUSED', statusReason: 'lunch', exposed: ['aldi', 'bolt'] });
    expect(paused.waves[1]?.status).toBe('PENDING');
    await stop();
    await here.world.database.query('delete from release_kpi');
    await as(author, (command) => here.world.releases.resume(command, id));
    const resumed = traffic(() => 0);
    await until(id, ({ waves }) => waves[1]?.status !== 'PENDING');
    await resumed();
    await as(author, (command) => here.world.releases.abort(command, id, null));
    const aborted = await stateOf(id);
    expect(aborted.status).toBe('ABORTED');
    expect(aborted.exposed).toEqual(expect.arrayContaining(['aldi', 'bolt']));
    expect((await rules()).length).toBe(aborted.exposed.length);
    await as(author, (command) => here.world.releases.rollBack(command, id, 'after all'));
    const end = await settled(id);
    expect(end).toMatchObject({ status: 'ROLLED_BACK', exposed: [] });
    expect(await rules()).toEqual([]);
  });

  it('does nothing more once another process has taken the release over', async () => {
    await reconcile();
    const id = await create({ migrations: [migrationName] });
    await as(author, (command) => here.world.releases.promote(command, id));
    await until(id, ({ status }) => status === 'READY');
    await withTestClient(here.pool.name, async (client) => {
      // The migration waits for this lock while the lease changes hands.
      await client.query('select pg_advisory_lock($1)', [ledgerLock]);
      await as(author, (command) => here.world.releases.start(command, id));
      await until(id, ({ tenants }) => tenants[0]?.[0]?.status === 'APPLYING');
      await here.world.database.query(
        `update release set fence = fence + 1, lease_holder = 'another',
           lease_until = clock_timestamp() + interval '1 hour' where id = $1`,
        [id],
      );
    });
    await here.running?.stop();
    expect(await witness(here.pool)).toEqual([]);
    expect((await stateOf(id)).exposed).toEqual([]);
  });

  it('guards a paused release too', async () => {
    await reconcile();
    const id = await started({ waves: threeWaves().map((wave) => ({ ...wave, soakSeconds: 60 })) });
    await until(id, ({ waves }) => waves[0]?.status === 'SOAKING');
    await as(author, (command) => here.world.releases.pause(command, id, null));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await reportLines(here.world, String(ids['aldi']), 100, 60);
    expect((await settled(id)).status).toBe('ROLLED_BACK');
  });

  it('leaves a rule alone that somebody changed after the release set it', async () => {
    await reconcile();
    const id = await started();
    await until(id, ({ waves }) => waves[0]?.status === 'HELD');
    await here.world.commands.asSystem('test', async (command) => {
      const rule = {
        flag: 'allocation.notice',
        environment: 'production',
        enabled: false,
        reason: 'by hand',
      };
      await here.world.flags.setRule(command, { ...rule, scope: { kind: 'TENANT', key: 'bolt' } });
    });
    await as(author, (command) => here.world.releases.rollBack(command, id, null));
    const state = await settled(id);
    expect(await rules()).toMatchObject([{ scope_key: 'bolt', enabled: false, reason: 'by hand' }]);
    expect(state.tenants[0]?.[1]?.error).toMatch(/allocation.notice/);
  });

  it('rehearses migrations and goes back to DRAFT with the reason when one fails or does not revert', async () => {
    await reconcile();
    for (const [name, reason] of [
      ['broken', /division by zero/],
      ['sticky', /differs after up and down/],
    ] as const) {
      const id = await create({ migrations: [name] });
      await as(author, (command) => here.world.releases.promote(command, id));
      const state = await until(id, ({ status }) => status === 'DRAFT');
      expect(state.statusReason).toMatch(reason);
    }
    const left = await withTestClient('postgres', (client) =>
      client.query(`select datname from pg_database where datname like 'tierdeck_rehearsal_%'`),
    );
    expect(left.rows).toEqual([]);
  });

  it('fails a tenant that cannot be migrated and rolls the others back', async () => {
    await reconcile({ maxAttempts: 2 });
    const waves = [{ name: 'all', selector: { rest: true }, concurrency: 5 }];
    const id = await create({ migrations: [migrationName], waves });
    await as(author, (command) => here.world.releases.promote(command, id));
    await until(id, ({ status }) => status === 'READY');
    // Somebody made a table of that name in echo's own database.
    await withTestClient(here.dedicated.name, (client) =>
      client.query(`create table ${migrationName} (x int)`),
    );
    await as(author, (command) => here.world.releases.start(command, id));
    const state = await settled(id);
    expect(state).toMatchObject({ status: 'ROLLED_BACK', exposed: [] });
    expect(state.statusReason).toMatch(/1 tenant\(s\) of wave "all" could not be applied/);
    expect(await witness(here.pool)).toEqual([`${migrationName} up`, `${migrationName} down`]);
    expect(state.tenants[0]?.find(({ status }) => status === 'FAILED')?.error).toMatch(/already exists/);
    expect(await rules()).toEqual([]);
  });
});
