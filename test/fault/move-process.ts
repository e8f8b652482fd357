import { movesOf } from '../../libs/tenancy/src/moves/moves.store.js';
import { TestTenancy } from '../support/tenancy.js';
import { dieAfterStatement, dieAfterStatements } from './deaths.js';

/**
 * Performs the operations on a tenant's move as the control plane does, until the move rests, and kills itself as soon as
 * a number of its statements in the tenants' databases have been answered, or one with a text in it.
 * Usage: move-process.ts <database URL> <tenant id> [<statements>|<text>]
 */
const [, , databaseUrl = '', tenantId = '', statements = '0'] = process.argv;

if (Number.isNaN(Number(statements))) dieAfterStatement(statements);
else if (Number(statements) > 0) dieAfterStatements(Number(statements));
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
