import { createTestDatabase } from '../support/database.js';
import { tenantManifest, TestTenancy } from '../support/tenancy.js';
import { BackupsReadModel, BackupsService } from '#tenancy';
import { quantile } from './measure.js';
import type { Measurement } from './report.js';

const wantedRows = 500_000;
const rounds = 3;
const goalSeconds = 15;

/**
 * Archives a tenant of 500,000 rows (the order history of the albion-gifts kit, multiplied under other invoice numbers
 * where the kit has fewer) and drills the archive: a new database with its schema, every row decrypted, unpacked and
 * copied in, every table compared by checksum. Both are taken from the operations' own figures.
 */
export async function benchRestoreDrill(): Promise<Measurement[]> {
  const scratch = await createTestDatabase('control-plane');
  const tenancy = await TestTenancy.start(scratch.url);
  try {
    const tenantId = await tenancy.onboard(
      tenantManifest('albion', { data: { kit: 'albion-gifts' } }),
      600_000,
    );
    await fill(tenancy, tenantId);
    const backups = tenancy.app.get(BackupsService);
    const readModel = tenancy.app.get(BackupsReadModel);
    const command = <T>(work: Parameters<typeof tenancy.foundation.commands.asSystem<T>>[1]): Promise<T> =>
      tenancy.foundation.commands.asSystem('bench', work);
    const began = performance.now();
    const { operationId, backupId } = await command((c) => backups.backUp(c, 'albion'));
    await settled(tenancy, operationId);
    const backupSeconds = (performance.now() - began) / 1_000;
    const archive = await readModel.backup(backupId);
    if ((archive?.rows ?? 0) < wantedRows) throw new Error(`the bench made only ${archive?.rows} rows`);
    const seconds: number[] = [];
    for (let i = 0; i < rounds; i++) {
      await settled(tenancy, await command((c) => backups.drill(c, 'albion')));
      const [drill] = await readModel.drills(tenantId, 1);
      if (drill?.status !== 'PASSED') throw new Error(`the drill is ${drill?.status}: ${drill?.error}`);
      seconds.push((drill.recoveryMs ?? Number.NaN) / 1_000);
    }
    const worst = Math.max(...seconds);
    const megabytes = (bytes: number | null | undefined): string =>
      `${Math.round((bytes ?? 0) / 1_000_000)} MB`;
    return [
      {
        name: `restore drill of ${archive?.rows} rows, equal by checksums, worst of ${rounds}`,
        ours: `${worst.toFixed(1)} s (p50 ${quantile(seconds, 0.5).toFixed(1)} s)`,
        reference: `backup ${backupSeconds.toFixed(1)} s, ${megabytes(archive?.bytes)}, stored ${megabytes(archive?.storedBytes)}`,
        ratio: worst / backupSeconds,
        goal: `≤ ${goalSeconds} s`,
        reached: worst <= goalSeconds,
      },
    ];
  } finally {
    await tenancy.stop();
    await scratch.drop();
  }
}

async function settled(tenancy: TestTenancy, operationId: string): Promise<void> {
  const status = await tenancy.operations.settled(operationId, 600_000);
  if (status !== 'SUCCEEDED') throw new Error(`operation ${operationId} ended ${status}`);
}

/** Copies the history until there are enough rows. */
async function fill(tenancy: TestTenancy, tenantId: string): Promise<void> {
  const tenant = await tenancy.readModel.bySlug('albion');
  const client = await tenancy.databases.connect(tenant.databaseId as string);
  try {
    for (let copy = 1; copy < 1_000; copy++) {
      const { rows } = await client.query<{ n: number }>(
        'select count(*)::int as n from order_history_line where tenant_id = $1',
        [tenantId],
      );
      const missing = wantedRows - (rows[0]?.n ?? 0);
      if (missing <= 0) break;
      await client.query(`select set_config('tierdeck.tenant_id', $1, false)`, [tenantId]);
      await client.query(
        `insert into order_history_line (tenant_id, invoice, line_no, item, description, qty, unit_price,
           discount_percent, account, branch, invoiced_at)
         select tenant_id, invoice || '-' || $2, line_no, item, description, qty, unit_price, discount_percent, account,
           branch, invoiced_at from order_history_line where tenant_id = $1 limit $3`,
        [tenantId, copy, missing],
      );
    }
    await client.query('analyze order_history_line');
  } finally {
    await client.end();
  }
}
