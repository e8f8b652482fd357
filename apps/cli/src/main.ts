import { explain } from './cli-error.js';
import { Context } from './context.js';
import { createProgram } from './program.js';

const context = new Context();
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` may close the pipe early; that is no failure.
  if (error.code === 'EPIPE') process.exit(0);
});
try {
  await createProgram(context).parseAsync();
  process.exitCode = context.exitCode;
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
}
