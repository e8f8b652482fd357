import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { environmentScope } from '../flag.js';
import { FlagsFixture } from '../flags.fixture.js';
import { StaleFlagsReadModel } from './stale-flags.read-model.js';

/** What time it is says the database; the test moves what is stored instead of the clock. */
describe('flags that expire', () => {
  let flags: FlagsFixture;
  let stale: StaleFlagsReadModel;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    stale = new StaleFlagsReadModel(flags.database);
  });
  afterAll(() => flags.stop());

  async function expiring(key: string, interval: string | null): Promise<void> {
    await flags.create({ key, kind: 'BOOLEAN' });
    await flags.database.query(
      `update flag set expires_at = clock_timestamp() + $2::interval where key = $1`,
      [key, interval],
    );
  }
  const reasons = async () =>
    Object.fromEntries((await stale.list(30, 100)).map((one) => [one.flag, one.reasons]));

  it('are EXPIRED from that moment on, EXPIRES_SOON for two weeks before, and not named otherwise', async () => {
    await expiring('never', null);
    await expiring('long-gone', '-400 days');
    await expiring('just-now', '-1 second');
    await expiring('tomorrow', '1 day');
    await expiring('in-13-days', '13 days 23 hours');
    await expiring('in-15-days', '14 days 1 hour');
    expect(await reasons()).toEqual({
      'long-gone': ['EXPIRED'],
      'just-now': ['EXPIRED'],
      tomorrow: ['EXPIRES_SOON'],
      'in-13-days': ['EXPIRES_SOON'],
    });
    expect((await stale.list(30, 100)).map(({ flag }) => flag)).toEqual([
      'just-now',
      'long-gone',
      'in-13-days',
      'tomorrow',
    ]);
  });

  it('go from soon to expired as time passes, and off the list when they get more time', async () => {
    await flags.database.query(`update flag set expires_at = expires_at - interval '2 days'`);
    expect(await reasons()).toMatchObject({ tomorrow: ['EXPIRED'], 'in-13-days': ['EXPIRES_SOON'] });
    expect(await reasons()).toMatchObject({ 'in-15-days': ['EXPIRES_SOON'] });
    const expiresAt = new Date(Date.now() + 60 * 86_400_000);
    await flags.commands.asSystem('test', (command) =>
      flags.service.changeDefinition(command, { key: 'tomorrow', expiresAt }),
    );
    expect(await reasons()).not.toHaveProperty('tomorrow');
  });

  it('work on as before: nothing is switched by a date', async () => {
    await flags.set({ flag: 'long-gone', scope: environmentScope, enabled: true });
    const { revision } = await flags.set({ flag: 'just-now', scope: environmentScope, enabled: true });
    await flags.served(revision);
    const { secret } = await flags.token('FRONTEND');
    const answer = await fetch(`${flags.url}/api/frontend`, { headers: { authorization: secret } });
    const { toggles } = (await answer.json()) as { toggles: { name: string }[] };
    expect(toggles.map(({ name }) => name)).toEqual(['just-now', 'long-gone']);
  });

  it('are told with every other reason, and only once archived no more', async () => {
    await flags.database.query(
      `update flag set lifecycle = 'STALE', created_at = created_at - interval '40 days' where key = 'long-gone'`,
    );
    const [only] = await stale.list(30, 10, ['long-gone']);
    expect(only).toMatchObject({ reasons: ['EXPIRED', 'MARKED_STALE', 'UNUSED'], codeReferences: 0 });
    await flags.commands.asSystem('test', (command) => flags.service.archive(command, { flag: 'long-gone' }));
    expect(await stale.list(30, 10, ['long-gone'])).toEqual([]);
    expect(await stale.keys()).not.toContain('long-gone');
  });
});
