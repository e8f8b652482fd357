import { createLogger, loadConfiguration, runProcess } from '#platform';
import { LocalStack } from './local-stack.js';

const logger = createLogger('local-stack', process.env['TIERDECK_LOG_LEVEL'] ?? 'warn');

/** Workers, data plane, control plane and PostgreSQL stop one after the other, each in its own time. */
const stopTimeoutMs = 90_000;

await runProcess(
  logger,
  async (stopAsked) => {
    const stack = new LocalStack(loadConfiguration(), logger, (line) => process.stdout.write(`${line}\n`));
    stopAsked.addEventListener('abort', () => void stack.stop());
    await stack.start();
    return stack;
  },
  stopTimeoutMs,
);
