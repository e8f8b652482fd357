import { setTimeout as sleep } from 'node:timers/promises';
import { JobWorker, type JobHandler } from '#distribution';
import { createLogger, runProcess } from '#platform';
import { TierdeckRuntime } from '#runtime';

/**
 * A worker of the move test: notes each job that it does, in the transaction of the job, and takes a moment for it.
 * Arguments: address of the control plane, data directory, then the slug if it serves one tenant alone.
 */
const [url = '', dataDir = '', tenant] = process.argv.slice(2);

const noting: JobHandler = {
  kind: 'note',
  handle: async ({ tx, job }) => {
    await sleep(Math.random() * 30);
    await tx.query(
      `insert into order_history_line (invoice, line_no, item, qty, unit_price, account, invoiced_at)
       values ($1, $2, 'x', 1, 1, $3, clock_timestamp())`,
      [String(job.payload['number']), job.attempts, tenant ?? 'shared'],
    );
  },
};

await runProcess(createLogger('worker', 'silent'), async () => {
  const runtime = await TierdeckRuntime.start({
    url,
    token: 'runtime',
    service: 'integration-worker',
    dataDir,
    ...(tenant === undefined ? {} : { tenant }),
  });
  const jobs = new JobWorker({
    runtime,
    logger: createLogger('worker', 'silent'),
    handlers: [noting],
    leaseMs: 1_000,
    sweepMs: 500,
    pool: tenant === undefined ? 'SHARED' : 'DEDICATED',
    // Both always think that the tenant is theirs, as one does that has not heard of a change: the database decides.
    serves: () => true,
  });
  jobs.start();
  return {
    stop: async () => {
      await jobs.stop();
      await runtime.stop();
    },
  };
});
