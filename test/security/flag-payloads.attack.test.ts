import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contosoId, FlagsFixture, northwindId } from '../../libs/flags/src/flags.fixture.js';

interface Seen {
  status: number;
  etag: string | null;
  text: string;
}
type Fetch = (path: string, secret: string, etag?: string) => Promise<Seen>;

/** MT-06: payloads are made once and kept; what is kept for one tenant must reach no other. */
describe('attacks on kept flag payloads', () => {
  let flags: FlagsFixture;
  const secrets: Record<string, Record<string, string>> = {};
  const paths = ['/api/client/features', '/api/frontend'];

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    for (const [slug, id] of Object.entries({ northwind: northwindId, contoso: contosoId })) {
      const client = await flags.token('CLIENT', id);
      const frontend = await flags.token('FRONTEND', id);
      secrets[slug] = { '/api/client/features': client.secret, '/api/frontend': frontend.secret };
    }
    await flags.create({ key: 'engine', kind: 'BOOLEAN' });
    const { revision } = await flags.set({
      flag: 'engine',
      scope: { kind: 'TENANT', key: 'northwind' },
      enabled: true,
    });
    await flags.served(revision);
  });
  afterAll(() => flags.stop());

  const direct: Fetch = async (path, secret, etag) => {
    const response = await fetch(`${flags.url}${path}`, {
      headers: { authorization: secret, ...(etag === undefined ? {} : { 'if-none-match': etag }) },
    });
    return { status: response.status, etag: response.headers.get('etag'), text: await response.text() };
  };

  /** Both tenants ask at once, again and again, also with what the other was told to present. */
  async function attack(by: Fetch): Promise<string[]> {
    const findings = new Set<string>();
    for (const path of paths) {
      const [own, other] = [secrets['northwind']?.[path] ?? '', secrets['contoso']?.[path] ?? ''];
      const truth = { [own]: await direct(path, own), [other]: await direct(path, other) };
      if (truth[own]?.text === truth[other]?.text) findings.add(`${path}: the tenants cannot be told apart`);
      await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const [me, them] = i % 2 === 0 ? [own, other] : [other, own];
          const seen = await by(path, me, i % 4 < 2 ? (truth[them]?.etag ?? undefined) : undefined);
          if (seen.status !== 200 || seen.text !== truth[me]?.text) findings.add(`${path}: another payload`);
          if (me === other && seen.text.includes('northwind')) findings.add(`${path}: names another tenant`);
        }),
      );
    }
    return [...findings].sort();
  }

  it('get each tenant its own, whatever was asked before and by whom', async () => {
    expect(await attack(direct)).toEqual([]);
  });

  it('find a cache whose key leaves the tenant out', async () => {
    const kept = new Map<string, Promise<Seen>>();
    const cached: Fetch = (path, secret) => {
      const known = kept.get(path) ?? direct(path, secret);
      kept.set(path, known);
      return known;
    };
    expect(await attack(cached)).toEqual(
      expect.arrayContaining(paths.map((path) => `${path}: another payload`).sort()),
    );
  });
});
