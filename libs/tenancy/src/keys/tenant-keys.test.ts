import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Commands } from '#audit';
import { Database, SecretBox } from '#platform';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { seedTenants } from '../../../../test/support/seeded-tenants.js';
import { openSecret, sealSecret } from './tenant-key.js';
import { TenantKeys } from './tenant-keys.js';

const platformKey = 'ab'.repeat(32);

describe('keys of tenants', () => {
  let scratch: TestDatabase;
  let database: Database;
  let commands: Commands;
  let keys: TenantKeys;
  let ids: Record<string, string>;

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    database = await Database.connect(scratch.url);
    commands = new Commands(database);
    const secretBox = new SecretBox(platformKey);
    keys = new TenantKeys(database, commands, secretBox);
    const slugs = ['first', 'other', 'rotated', 'leaving', 'keyless', 'racing'];
    ({ ids } = await seedTenants({ database, secretBox }, slugs));
  });

  afterAll(async () => {
    await database.close();
    await scratch.drop();
  });

  const id = (slug: string): string => ids[slug] as string;
  const rotate = (slug: string) => commands.asSystem('test', (command) => keys.rotate(command, slug));
  const shred = (slug: string) =>
    commands.asSystem('test', (command) => keys.shred(command, id(slug), 'gone'));

  it('are made at first use, once, however many ask at once', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => keys.current(id('racing'))));
    expect(new Set(made.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    expect(made[0]).toMatchObject({ version: 1 });
  });

  it('open a secret for its own tenant and purpose alone', async () => {
    const sealed = await keys.seal(id('first'), 'edi-password', 'open sesame');
    expect(await keys.open(id('first'), 'edi-password', sealed)).toBe('open sesame');
    await keys.current(id('other'));
    await expect(keys.open(id('other'), 'edi-password', sealed)).rejects.toMatchObject({
      code: 'TENANT_SECRET_UNREADABLE',
    });
    await expect(keys.open(id('first'), 'webhook', sealed)).rejects.toMatchObject({
      code: 'TENANT_SECRET_UNREADABLE',
    });
  });

  it('are sealed for their tenant and version: a row copied to another tenant opens nothing', async () => {
    await keys.current(id('first'));
    await database.query(
      `insert into tenant_key (tenant_id, version, sealed)
       select $2, 7, sealed from tenant_key where tenant_id = $1 and version = 1`,
      [id('first'), id('other')],
    );
    await expect(keys.version(id('other'), 7)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
    await database.query('delete from tenant_key where tenant_id = $1 and version = 7', [id('other')]);
  });

  it('rotate: new writes take the new version, what the old ones sealed still opens', async () => {
    const before = await keys.seal(id('rotated'), 'secret', 'of version 1');
    expect(await rotate('rotated')).toBe(2);
    const after = await keys.seal(id('rotated'), 'secret', 'of version 2');
    expect([before, after].map((sealed) => sealed.split('.')[0])).toEqual(['k1', 'k2']);
    expect(await keys.open(id('rotated'), 'secret', before)).toBe('of version 1');
    expect(await keys.open(id('rotated'), 'secret', after)).toBe('of version 2');
    const [newest, oldest] = await keys.list(id('rotated'));
    expect([newest?.retiredAt, oldest?.retiredAt]).toEqual([null, expect.any(Date)]);
  });

  it('once shredded open nothing, come back by no means, and are never made anew', async () => {
    const sealed = await keys.seal(id('leaving'), 'secret', 'hidden');
    await rotate('leaving');
    expect(await shred('leaving')).toBe(2);
    expect(await shred('leaving')).toBe(0);
    const gone = { code: 'TENANT_KEY_SHREDDED' };
    await expect(keys.open(id('leaving'), 'secret', sealed)).rejects.toMatchObject(gone);
    await expect(keys.current(id('leaving'))).rejects.toMatchObject(gone);
    await expect(rotate('leaving')).rejects.toMatchObject(gone);
    await expect(
      database.query(
        `update tenant_key set sealed = 'back', shredded_at = null where tenant_id = $1 and version = 1`,
        [id('leaving')],
      ),
    ).rejects.toThrow('stays shredded');
  });

  it('of a tenant that never had one are shredded as well', async () => {
    expect(await shred('keyless')).toBe(0);
    await expect(keys.current(id('keyless'))).rejects.toMatchObject({ code: 'TENANT_KEY_SHREDDED' });
  });

  it('say that they belong to another installation where the version is unknown', async () => {
    await expect(keys.version(id('first'), 99)).rejects.toMatchObject({ code: 'TENANT_KEY_MISSING' });
  });

  it('leave no key in clear, in no table and in no audit event', async () => {
    const { bytes } = await keys.current(id('first'));
    const [stored] = await database.query<{ dump: string }>(
      `select (select string_agg(k::text, '') from tenant_key k) || (select string_agg(a::text, '') from audit_event a) as dump`,
    );
    for (const form of ['hex', 'base64', 'base64url'] as const)
      expect(stored?.dump).not.toContain(bytes.toString(form));
  });
});

describe('a secret of a tenant', () => {
  it('opens to what was sealed, and not at all once any character of it is another', () => {
    const key = { tenantId: randomUUID(), version: 3, bytes: randomBytes(32) };
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.nat(), (plain, at, by) => {
        const sealed = sealSecret(key, 'secret/p', plain);
        expect(openSecret(key, 'secret/p', sealed)).toBe(plain);
        const body = sealed.indexOf('.') + 1;
        const place = body + (at % (sealed.length - body));
        const old = digits.indexOf(sealed[place] as string);
        // The last character of base64url may carry bits that stand for nothing.
        if (old < 0 || sealed[place + 1] === '.' || place === sealed.length - 1) return;
        const other = digits[(old + 1 + (by % 63)) % 64] as string;
        const altered = sealed.slice(0, place) + other + sealed.slice(place + 1);
        expect(() => openSecret(key, 'secret/p', altered)).toThrow('cannot be decrypted');
      }),
      { verbose: 1 },
    );
  });
});
