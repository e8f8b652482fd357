import pg from 'pg';
import { movesOf } from '../../libs/tenancy/src/moves/moves.store.js';
import { TestTenancy } from '../support/tenancy.js';

/**
 * Performs the operations on a tenant's move as the control plane does, until the move rests, and kills itself as soon as
 * a number of its statements in the tenants' databases have been answered.
 * Usage: move-process.ts <database URL> <tenant id> [<statements>]
 */
const [, , databaseUrl = '', tenantId = '', statements = '0'] = process.argv;

let left = Number(statements);
if (left > 0) {
  const query: unknown = Reflect.get(pg.Client.prototype, 'query');
  Reflect.set(pg.Client.prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    const result: unknown = Reflect.apply(query as () => unknown, this, args);
    const { application_name: application } = this as unknown as { application_name?: string };
    const name =
      application ??
      (Reflect.get(this, 'connectionParameters') as { application_name?: string }).application_name;
    if (!name?.startsWith('tierdeck-provision') || !(result instanceof Promise)) return result;
    const count = (): void => {
      if (--left === 0) process.kill(process.pid, 'SIGKILL');
    };
    result.then(count, count);
    return result;
  });
}

const tenancy = await TestTenancy.start(databaseUrl, { leaseMs: 300, reconcile: false });
const since = performance.now();
await tenancy.reconcile();
const resting = new Set(['UNDO_WINDOW', 'FINISHED', 'UNDONE', 'ABORTED']);
for (;;) {
  const [move] = await movesOf(tenancy.database, tenantId, 1);
  const [tenant] = await tenancy.readModel.byIds([tenantId]);
  const finishing = move?.state === 'UNDO_WINDOW' && move.undoUntil === null;
  if (move && resting.has(move.state) && !finishing && tenant?.status === 'ACTIVE') {
    process.stdout.write(`${move.state} ${Math.round(performance.now() - since)}`);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
}
// Nothing to put in order: everything survives an end at any point.
process.exit(0);
