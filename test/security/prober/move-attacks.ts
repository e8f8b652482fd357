import type pg from 'pg';
import { AttackSession } from './attack-session.js';
import { readCatalogue } from './catalogue.js';
import type { Finding } from './finding.js';
import type { Probe } from './probe-database.js';

/**
 * MT-11: a service of a tenant that has not heard of its move, or does not want to, tries to write and to read where the
 * tenant is not at home, in every table that the catalogue lists. The home is left as it was found.
 */
export async function attackMove({ admin, service, login, attacker }: Probe): Promise<Finding[]> {
  const { relations } = await readCatalogue(admin, login);
  const tables = relations
    .filter(({ kind, columns }) => 'rp'.includes(kind) && columns.some(({ name }) => name === 'tenant_id'))
    .map(({ name }) => name)
    .filter((name) => name !== 'tenant_home' && name !== 'move_marker');
  const session = new AttackSession(service, attacker.id);
  const findings: Finding[] = [];
  const report = (attack: string, object: string, got: string): void =>
    void findings.push({ attack, object, got });
  const home = new Home(admin, attacker.id);
  try {
    await home.is('MOVED');
    for (const table of tables) {
      for (const sql of writesOf(table)) {
        const { ok } = await session.attempt(sql);
        if (ok) report('write in a home that was left', table, sql.split(' ', 1)[0] ?? '');
      }
    }
    const left = await session.attempt('select tierdeck_at_home()');
    if (left.ok) report('read in a home that was left', 'tenant_home', 'an answer');

    await home.is('PAUSED');
    const early = await session.attempt(`delete from "${tables[0]}" where false`);
    if (early.ok) report('write before it has come', 'tenant_home', 'done');
    const unread = await session.attempt('select tierdeck_at_home()');
    if (unread.ok) report('read before it has come', 'tenant_home', 'an answer');
    await session.attempt(`select tierdeck_arrive('${attacker.id}')`, [], { keep: true });
    if ((await home.state()) !== 'PAUSED') report('open a home without its key', 'tenant_home', 'open');

    await home.is('ACTIVE');
    for (const sql of [`update tenant_home set epoch = epoch`, 'delete from tenant_home']) {
      const changed = await session.attempt(sql);
      if (changed.ok) report('change what is a home', 'tenant_home', sql.split(' ', 1)[0] ?? '');
    }
    await session.end();
    if (await writesByOldSnapshot(service, attacker.id, home)) {
      report('write with a snapshot older than the move', 'tenant_home', 'done');
    }
    await home.is('ACTIVE');
    if (await leavesWhileWritten(service, attacker.id, home)) {
      report('leave while a writer is at work', 'tenant_home', 'done');
    }
  } finally {
    await session.end();
    await home.is('ACTIVE');
  }
  return findings;
}

/** What a statement writes, without a row that it would change. */
function writesOf(table: string): string[] {
  return [
    `insert into "${table}" (tenant_id) select tenant_id from "${table}" where false`,
    `update "${table}" set tenant_id = tenant_id where false`,
    `delete from "${table}" where false`,
  ];
}

/** `tenant_home` of a tenant, in the hands of the mover. */
class Home {
  constructor(
    private readonly admin: pg.Client,
    private readonly tenantId: string,
  ) {}

  async is(state: 'ACTIVE' | 'PAUSED' | 'MOVED'): Promise<void> {
    // PAUSED: the tenant has not come yet, and whoever has the key may open.
    await this.admin.query(
      `insert into tenant_home as h (tenant_id) values ($1) on conflict (tenant_id) do nothing`,
      [this.tenantId],
    );
    await this.admin.query(
      `update tenant_home set state = $2, paused_until = case $2 when 'PAUSED' then 'infinity'::timestamptz end,
         arrival_digest = case $2 when 'PAUSED' then sha256('the key') end,
         arrival_epoch = case $2 when 'PAUSED' then 2 end where tenant_id = $1`,
      [this.tenantId, state],
    );
  }

  async state(): Promise<string | undefined> {
    const sql = 'select state from tenant_home where tenant_id = $1';
    return (await this.admin.query<{ state: string }>(sql, [this.tenantId])).rows[0]?.state;
  }

  /** What a mover must have before it changes the home; false while a writer is let through. */
  async isFree(): Promise<boolean> {
    await this.admin.query(`begin; set local lock_timeout = '100ms'`);
    try {
      await this.admin.query(
        `select pg_advisory_xact_lock(hashtextextended('tierdeck_home:' || $1::uuid, 0))`,
        [this.tenantId],
      );
      return true;
    } catch {
      return false;
    } finally {
      await this.admin.query('rollback');
    }
  }
}

const write = 'delete from region where false';

function begin(tenantId: string, isolation: string): string {
  return `begin isolation level ${isolation};
    select set_config('tierdeck.tenant_id', '${tenantId}', true), set_config('role', 'tierdeck_service', true)`;
}

async function writesByOldSnapshot(service: pg.Client, tenantId: string, home: Home): Promise<boolean> {
  await service.query(begin(tenantId, 'repeatable read'));
  try {
    await service.query('select count(*) from region');
    await home.is('MOVED');
    return await service.query(write).then(
      () => true,
      () => false,
    );
  } finally {
    await service.query('rollback');
  }
}

async function leavesWhileWritten(service: pg.Client, tenantId: string, home: Home): Promise<boolean> {
  await service.query(begin(tenantId, 'read committed'));
  try {
    await service.query(write);
    return await home.isFree();
  } finally {
    await service.query('rollback');
  }
}
