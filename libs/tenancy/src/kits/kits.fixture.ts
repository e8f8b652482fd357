import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { KitInvalidError, type Kit } from './index.js';

export const tenantId = '00000000-0000-4000-8000-000000000001';

/** A tenant database that is fresh for each test of the file. */
export class KitDatabase {
  client!: pg.Client;
  #database!: TestDatabase;

  /** Sets the file's hooks. */
  static forEachTest(): KitDatabase {
    const kits = new KitDatabase();
    beforeEach(() => kits.open());
    afterEach(() => kits.drop());
    return kits;
  }

  async open(): Promise<void> {
    this.#database = await createTestDatabase('tenant');
    this.client = await this.connect();
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#database.url });
    await client.connect();
    return client;
  }

  async drop(): Promise<void> {
    await this.client.end();
    await this.#database.drop();
  }

  /** Rows and content of every table, without what differs by the clock. */
  async contents(): Promise<Record<string, { rows: number; digest: string }>> {
    const { rows: tables } = await this.client.query<{ name: string }>(
      `select relname as name from pg_class
       where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not in ('schema_migration', 'kit_import')`,
    );
    const found: Record<string, { rows: number; digest: string }> = {};
    for (const { name } of tables) {
      const { rows } = await this.client.query<{ rows: number; digest: string }>(
        `select count(*)::int as rows,
           md5(coalesce(string_agg(line, '' order by line), '')) as digest
         from (select (to_jsonb(t) - 'updated_at')::text as line from ${name} t) lines`,
      );
      if (rows[0] && rows[0].rows > 0) found[name] = rows[0];
    }
    return found;
  }
}

/** A folder for the kits of one file. */
export function useScratch(): { path: string } {
  const scratch = { path: '' };
  beforeAll(async () => {
    scratch.path = await mkdtemp(join(tmpdir(), 'tierdeck-kits-'));
  });
  afterAll(() => rm(scratch.path, { recursive: true }));
  return scratch;
}

/** A copy of the Northwind kit that may be spoilt. */
export async function copyOfNorthwind(scratch: { path: string }): Promise<string> {
  const directory = join(await mkdtemp(join(scratch.path, 'kit-')), 'northwind');
  await cp('tenants/kits/northwind', directory, { recursive: true });
  return directory;
}

/** Changes a file of a kit and makes kit.json agree with it, so that only the content is at fault. */
export async function rewrite(
  directory: string,
  file: string,
  change: (text: string) => string,
): Promise<void> {
  const text = change(await readFile(join(directory, file), 'utf8'));
  await writeFile(join(directory, file), text);
  const kit = JSON.parse(await readFile(join(directory, 'kit.json'), 'utf8')) as Kit;
  for (const entry of kit.files) {
    if (entry.file !== file) continue;
    entry.sha256 = createHash('sha256').update(text).digest('hex');
    entry.rows = text.trimEnd().split('\n').length - 1;
  }
  await writeFile(join(directory, 'kit.json'), JSON.stringify(kit));
}

export async function refusal(work: Promise<unknown>): Promise<KitInvalidError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KitInvalidError);
  return error as KitInvalidError;
}
