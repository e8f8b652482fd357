import { createLogger, loadConfiguration, runProcess } from '#platform';
import { LocalStack } from './local-stack.js';

const logger = createLogger('local-stack', process.env['TIERDECK_LOG_LEVEL'] ?? 'warn');

await runProcess(logger, async (stopAsked) => {
  const stack = new LocalStack(loadConfiguration(), logger, (line) => process.stdout.write(`${line}\n`));
  stopAsked.addEventListener('abort', () => void stack.stop());
  await stack.start();
  return stack;
});
