import type { Logger } from '#platform';
import { WorkerSupervisor } from '../../apps/local-stack/src/worker-supervisor.js';
// Not through the index: loading the whole platform takes longer than everything else that this process does.
import { runProcess } from '../../libs/platform/src/process.js';

/** A supervisor in a process of its own, that can be killed. Arguments: control plane's address, data directory, entry. */
const [controlPlaneUrl = '', dataDir = '', entry = ''] = process.argv.slice(2);
const quiet = (): void => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet } as unknown as Logger;

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
      lookEveryMs: 25,
    },
    logger,
  );
  await supervisor.start();
  return supervisor;
});
