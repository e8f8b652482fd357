import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FlagsFixture, contosoId, northwindId } from '../flags.fixture.js';
import type { MetricsSource } from './flag-metrics.js';

const most = Number.MAX_SAFE_INTEGER;

/** What one service reports, by mistake or on purpose, must not cost the others their counts. */
describe('metrics of flags', () => {
  let flags: FlagsFixture;
  let own: string;
  let other: string;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    own = (await flags.token('CLIENT', northwindId)).secret;
    other = (await flags.token('CLIENT', contosoId)).secret;
    await flags.create({ key: 'one', kind: 'BOOLEAN' });
    const { revision } = await flags.create({ key: 'two', kind: 'BOOLEAN' });
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  async function report(
    secret: string,
    toggles: Record<string, { yes: number; no: number }>,
  ): Promise<number> {
    const answer = await fetch(`${flags.url}/api/client/metrics`, {
      method: 'POST',
      headers: { authorization: secret, 'content-type': 'application/json' },
      body: JSON.stringify({ bucket: { toggles } }),
    });
    return answer.status;
  }
  async function counted(flag: string) {
    await flags.metrics.flush();
    const [summary] = await flags.readModel.environments([flag]);
    return summary?.find(({ name }) => name === 'production')?.metrics;
  }

  it('go on for everybody when one counter can hold no more', async () => {
    await report(other, { one: { yes: 1, no: 1 } });
    await counted('one');
    await flags.database.query(`update flag_metric set yes = ${most} - 10 where flag_key = 'one'`);
    for (let round = 0; round < 2; round++) {
      await report(own, { one: { yes: 1e12, no: 0 } });
      await report(other, { two: { yes: 3, no: 4 } });
      expect(await counted('one')).toMatchObject({ yes: most, no: 1 });
    }
    expect(await counted('two')).toMatchObject({ yes: 6, no: 8 });
    // Where a counter stood beyond that already, it does not stand in the way either.
    await flags.database.query(`update flag_metric set yes = 9223372036854775807 where flag_key = 'one'`);
    await report(own, { one: { yes: 1, no: 1 } });
    expect(await counted('one')).toMatchObject({ yes: most, no: 2 });
  });

  it('count no more of one token than any service can evaluate', async () => {
    await flags.create({ key: 'busy', kind: 'BOOLEAN' });
    for (let round = 0; round < 40; round++) await report(own, { busy: { yes: 1e12, no: 1e12 } });
    await report(other, { busy: { yes: 5, no: 5 } });
    expect(await counted('busy')).toMatchObject({ yes: 1e10 + 5, no: 5 });
  });

  it('are not crowded out by names that nobody has', async () => {
    const { revision } = await flags.create({ key: 'late', kind: 'BOOLEAN' });
    await flags.served(revision);
    for (let round = 0; round < 4; round++) {
      const invented = Array.from({ length: 9_000 }, (_, index) => [
        `made-up-${round}-${index}`,
        { yes: 1, no: 0 },
      ]);
      expect(await report(own, Object.fromEntries(invented) as never)).toBe(202);
    }
    await report(other, { late: { yes: 7, no: 0 } });
    expect(await counted('late')).toMatchObject({ yes: 7 });
  });

  it('still tell of flags that are archived: their code is still there', async () => {
    const { revision } = await flags.commands.asSystem('test', (command) =>
      flags.service.archive(command, { flag: 'late' }),
    );
    await flags.served(revision);
    await report(other, { late: { yes: 0, no: 2 } });
    expect(await counted('late')).toMatchObject({ yes: 7, no: 2 });
  });

  it('that the database will never take are left out, and the others written', async () => {
    const source: MetricsSource = { tokenId: 'x', environment: 'production', knows: () => true };
    const bucket = (flag: string) => ({ toggles: { [flag]: { yes: 1, no: 0 } } });
    const before = (await counted('two'))?.yes ?? 0;
    for (const broken of [`\0`, `\ud800`]) flags.metrics.count(source, bucket(broken));
    flags.metrics.count(source, bucket('two'));
    expect(await counted('two')).toMatchObject({ yes: before + 1 });
    // By way of the protocol such names are not even kept.
    expect(await report(own, bucket(`\ud800`).toggles)).toBe(202);
    await report(other, bucket('two').toggles);
    expect(await counted('two')).toMatchObject({ yes: before + 2 });
  });

  it('are kept while the database is away', async () => {
    const before = (await counted('two'))?.yes ?? 0;
    const query = flags.database.query.bind(flags.database);
    await report(own, { two: { yes: 0, no: 1 } });
    flags.database.query = () => Promise.reject(new Error('connection refused'));
    await report(other, { two: { yes: 2, no: 0 } });
    await flags.metrics.flush();
    await report(other, { two: { yes: 2, no: 0 } });
    await flags.metrics.flush();
    flags.database.query = query;
    expect(await counted('two')).toMatchObject({ yes: before + 4 });
  });
});
