import pg from 'pg';
import type { OperationStep, StepContext } from '#operations';
import { TestTenancy } from '../support/tenancy.js';

/**
 * Performs an operation as the control plane does, and kills itself at a chosen point:
 * `<step>:begin`, `<step>:done` (the effect is there, its record is not), `<step>:progress:<n>`, and
 * `<step>:after:<text>`: as soon as a statement that contains the text has been answered.
 * Usage: operation-process.ts <database URL> <operation id> <point or ''> [<data directory>]
 */
const [, , databaseUrl = '', operationId = '', point = '', dataDir] = process.argv;
const [killedStep, moment, detail = ''] = point.split(':');

const tenancy = await TestTenancy.start(databaseUrl, {
  leaseMs: 300,
  reconcile: false,
  ...(dataDir ? { configuration: { dataDir } } : {}),
});
const [operation] = await tenancy.database.query<{ kind: string }>(
  'select kind from operation where id = $1',
  [operationId],
);
const kind = tenancy.operations.kind(operation?.kind ?? '');
tenancy.operations.register({
  kind: kind.kind,
  steps: kind.steps.map((step) => (step.name === killedStep ? deadly(step) : step)),
});
await tenancy.reconcile();
const status = await tenancy.operations.settled(operationId, 60_000);
await tenancy.stop();
process.stdout.write(status);

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function deadly(step: OperationStep): OperationStep {
  return {
    ...step,
    perform: async (context: StepContext) => {
      if (moment === 'begin') die();
      if (moment === 'after') dieAfterStatement(detail);
      let told = 0;
      const outcome = await step.perform?.({
        ...context,
        progress: async (progress) => {
          await context.progress(progress);
          if (moment === 'progress' && ++told === Number(detail)) die();
        },
      });
      die();
      return outcome;
    },
  };
}

function dieAfterStatement(text: string): void {
  const query: unknown = Reflect.get(pg.Client.prototype, 'query');
  Reflect.set(pg.Client.prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    const result: unknown = Reflect.apply(query as () => unknown, this, args);
    if (typeof args[0] === 'string' && args[0].includes(text) && result instanceof Promise) {
      return result.then(die);
    }
    return result;
  });
}
