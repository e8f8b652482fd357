import type { OperationStep, StepContext } from '#operations';
import type { Configuration } from '#platform';
import { TestTenancy } from '../support/tenancy.js';
import { die, dieAfterStatement, dieAfterStatements } from './deaths.js';

/**
 * Performs an operation as the control plane does, and kills itself at a chosen point:
 * `<step>:begin`, `<step>:done` (the effect is there, its record is not), `<step>:progress:<n>`,
 * `<step>:after:<text>`: as soon as a statement that contains the text has been answered, and
 * `any:statements:<n>`: as soon as n statements in tenants' databases have been answered, whatever step they belong to.
 * Usage: operation-process.ts <database URL> <operation id> <point or ''> [<configuration as JSON>]
 */
const [, , databaseUrl = '', operationId = '', point = '', configuration = '{}'] = process.argv;
const [killedStep, moment, detail = ''] = point.split(':');

const tenancy = await TestTenancy.start(databaseUrl, {
  leaseMs: 300,
  reconcile: false,
  configuration: JSON.parse(configuration) as Partial<Configuration>,
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
if (killedStep === 'any') dieAfterStatements(Number(detail));
await tenancy.reconcile();
const status = await tenancy.operations.settled(operationId, 60_000);
await tenancy.stop();
process.stdout.write(status);

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
