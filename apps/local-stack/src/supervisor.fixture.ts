import { createLogger, runProcess } from '#platform';
import { WorkerSupervisor } from './worker-supervisor.js';

/** A supervisor in a process of its own, that can be killed. Arguments: control plane's address, data directory. */
const [controlPlaneUrl = '', dataDir = '', entry = ''] = process.argv.slice(2);
const logger = createLogger('supervisor', 'silent');

await runProcess(logger, async () => {
  const { CHILD_NOTES = '', CHILD_MODE_FILE = '' } = process.env;
  const supervisor = new WorkerSupervisor(
    {
      controlPlaneUrl,
      runtimeToken: 'runtime',
      dataDir,
      env: { CHILD_NOTES, CHILD_MODE_FILE },
      entry,
      times: { firstBackoffMs: 20, longestBackoffMs: 100, stopTimeoutMs: 1_000 },
    },
    logger,
  );
  await supervisor.start();
  return supervisor;
});
