import pg from 'pg';
import type { OperationStep, StepContext } from '#operations';
import { MovesService } from '../../libs/tenancy/src/moves/moves.service.js';
import type { TestTenancy } from './tenancy.js';

/** What happens to a step, once: before its effect, or when the effect is there and its record is not. */
export interface StepFault {
  before?: () => Promise<unknown>;
  after?: () => Promise<unknown>;
}

/** Lets a fault happen at a step of the operations of a kind. @returns puts the kind back as it was. */
export function faultAt(
  tenancy: Pick<TestTenancy, 'operations'>,
  kind: string,
  name: string,
  fault: StepFault,
): () => void {
  const whole = tenancy.operations.kind(kind);
  let { before, after } = fault;
  const faulty = (step: OperationStep): OperationStep => ({
    ...step,
    perform: async (context: StepContext) => {
      const first = before;
      before = undefined;
      await first?.();
      const outcome = await step.perform?.(context);
      const last = after;
      after = undefined;
      await last?.();
      return outcome;
    },
  });
  if (!whole.steps.some((step) => step.name === name)) throw new Error(`${kind} has no step ${name}`);
  tenancy.operations.register({
    kind,
    steps: whole.steps.map((step) => (step.name === name ? faulty(step) : step)),
    ...(whole.maxAttempts === undefined ? {} : { maxAttempts: whole.maxAttempts }),
    onStopped: async (...args) => whole.onStopped?.(...args),
    onRetried: async (...args) => whole.onRetried?.(...args),
  });
  return () => tenancy.operations.register(whole);
}

/** Lets a fault happen, once, when a statement of a mover in this process has been answered. @returns ends the watch. */
export function faultAfterStatement(text: string, fault: () => Promise<unknown>): () => void {
  const query: unknown = Reflect.get(pg.Client.prototype, 'query');
  let left = 1;
  Reflect.set(pg.Client.prototype, 'query', function (this: pg.Client, ...args: unknown[]) {
    const result: unknown = Reflect.apply(query as () => unknown, this, args);
    if (typeof args[0] !== 'string' || !args[0].includes(text) || !(result instanceof Promise)) return result;
    return result.then(async (answer: unknown) => {
      if (left-- > 0) await fault();
      return answer;
    });
  });
  return () => Reflect.set(pg.Client.prototype, 'query', query);
}

/** How an operation ended, as whoever started it reads it. */
export interface Ending {
  status: string;
  code: string | null;
  message: string | null;
  hint: string | null;
}

export async function endingOf(tenancy: TestTenancy, operationId: string): Promise<Ending> {
  const [ending] = await tenancy.database.query<Ending>(
    `select status, error_code as code, error_message as message, error_hint as hint from operation where id = $1`,
    [operationId],
  );
  if (!ending) throw new Error('there is no such operation');
  return ending;
}

/** What the steps of an operation say they wait for. */
export async function waitsFor(tenancy: TestTenancy, operationId: string): Promise<string> {
  const [step] = await tenancy.database.query<{ why: string | null }>(
    `select string_agg(error_message, ' ') as why from operation_step where operation_id = $1 and status <> 'SUCCEEDED'`,
    [operationId],
  );
  return step?.why ?? '';
}

type Command = Parameters<Parameters<TestTenancy['foundation']['commands']['asSystem']>[1]>[0];

/** The commands of a move, as an operator gives them. */
export function moverOf(tenancy: TestTenancy, slug: string) {
  const command = <T>(work: (command: Command) => Promise<T>): Promise<T> =>
    tenancy.foundation.commands.asSystem('test', work);
  const moves = tenancy.app.get(MovesService);
  return {
    to: (database: 'SHARED' | 'DEDICATED', cluster?: string): Promise<string> =>
      command((c) =>
        tenancy.tenants.changePlacement(c, { tenant: slug, database, ...(cluster ? { cluster } : {}) }),
      ) as Promise<string>,
    undo: (): Promise<string> => command((c) => moves.undo(c, slug)),
    finish: (): Promise<string> => command((c) => moves.finish(c, slug)),
    retry: (operationId: string): Promise<void> => command((c) => tenancy.operations.retry(c, operationId)),
  };
}
