import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { environmentScope } from '../flag.js';
import { contosoId, FlagsFixture, northwindId } from '../flags.fixture.js';
import { SegmentsService } from '../segments.service.js';
import { FeedView } from './feed-view.js';

/** Polls that ask for a part of the flags, and for one. */
describe('filtered polls', () => {
  let flags: FlagsFixture;
  let token: string;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    token = (await flags.token('CLIENT')).secret;
    for (const key of ['orders.new', 'orders.old', 'pricing.new'])
      await flags.create({ key, kind: 'BOOLEAN', tags: [`team:${key.slice(0, 6)}`] });
    const service = new SegmentsService(flags.database);
    const { revision } = await flags.commands.asSystem('test', async (command) => {
      const gold = await service.create(command, {
        name: 'gold',
        description: '',
        constraints: [
          { contextName: 'plan', operator: 'IN', values: ['gold'], inverted: false, caseInsensitive: false },
        ],
      });
      return flags.service.setRule(command, {
        flag: 'orders.new',
        environment: 'production',
        scope: environmentScope,
        enabled: true,
        segments: [gold.id],
      });
    });
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  const get = (path: string, headers: Record<string, string> = {}, authorization = token) =>
    fetch(`${flags.url}/api/client/features${path}`, { headers: { authorization, ...headers } });

  it('are made once for each question, compressed, and known by an ETag', async () => {
    const made = jest.spyOn(FeedView.prototype, 'filteredPayload');
    try {
      const first = await get('?namePrefix=orders.&tag=team:orders&tag=team:pricin');
      const etag = first.headers.get('etag') ?? '';
      expect([first.status, first.headers.get('content-encoding')]).toEqual([200, 'gzip']);
      // The same question in other words.
      const second = await get('?tag=team:pricin&namePrefix=orders.&tag=team:orders&tag=team:orders');
      expect(await second.text()).toBe(await first.text());
      const third = await get('?namePrefix=orders.&tag=team:orders&tag=team:pricin', {
        'if-none-match': etag,
      });
      expect([third.status, await third.text()]).toEqual([304, '']);
      expect(made).toHaveBeenCalledTimes(1);
      const { revision } = await flags.set({ flag: 'orders.old', scope: environmentScope, enabled: true });
      await flags.served(revision);
      const changed = await get('?namePrefix=orders.', { 'if-none-match': etag });
      expect(changed.status).toBe(200);
      expect(changed.headers.get('etag')).not.toBe(etag);
    } finally {
      made.mockRestore();
    }
  });

  it('follow a tag, which the answer does not show', async () => {
    const names = async () => {
      const { features } = (await (await get('?tag=team:moved')).json()) as { features: { name: string }[] };
      return features.map(({ name }) => name);
    };
    expect(await names()).toEqual([]);
    const { revision } = await flags.commands.asSystem('test', (command) =>
      flags.service.changeDefinition(command, { key: 'pricing.new', tags: ['team:moved'] }),
    );
    await flags.served(revision);
    expect(await names()).toEqual(['pricing.new']);
  });

  it('of tenants that see the same are made once', async () => {
    const secrets = [
      (await flags.token('CLIENT', northwindId)).secret,
      (await flags.token('CLIENT', contosoId)).secret,
    ];
    const bodies: string[] = [];
    const made = jest.spyOn(FeedView.prototype, 'served');
    try {
      for (const secret of secrets) bodies.push(await (await get('', {}, secret)).text());
      expect(bodies[0]).toBe(bodies[1]);
      expect(made).toHaveBeenCalledTimes(1);
    } finally {
      made.mockRestore();
    }
  });

  it('with ever new filters are held back, and nobody else is', async () => {
    const flood = (await flags.token('CLIENT', northwindId)).secret;
    const statuses: number[] = [];
    for (let round = 0; round < 40; round++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => get(`?namePrefix=x${round}-${index}`, {}, flood)),
      );
      for (const answer of answers) {
        statuses.push(answer.status);
        if (answer.status === 429) expect(answer.headers.get('retry-after')).toBe('1');
        await answer.arrayBuffer();
      }
    }
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect((await get('', {}, flood)).status).toBe(200);
    expect((await get('?namePrefix=y')).status).toBe(200);
  });

  it('for one feature bring the constraints of its segments, which have no other place', async () => {
    interface Feature {
      strategies: { constraints: { contextName: string }[]; segments?: number[] }[];
    }
    const { strategies } = (await (
      await get('/orders.new', { 'unleash-client-spec': '5.1.9' })
    ).json()) as Feature;
    expect(strategies.map(({ constraints }) => constraints.map(({ contextName }) => contextName))).toEqual([
      ['plan'],
    ]);
    expect(strategies[0]).not.toHaveProperty('segments');
    const list = (await (await get('')).json()) as { features: (Feature & { name: string })[] };
    expect(list.features.find(({ name }) => name === 'orders.new')?.strategies).toEqual(strategies);
    expect(await (await get('/orders.old')).json()).toMatchObject({ name: 'orders.old', enabled: true });
  });
});
