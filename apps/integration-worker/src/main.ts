import { createLogger, runProcess } from '#platform';
import { loadWorkerConfiguration } from './configuration.js';
import { startIntegrationWorker } from './integration-worker.js';

await runProcess(createLogger('integration-worker'), () => startIntegrationWorker(loadWorkerConfiguration()));
