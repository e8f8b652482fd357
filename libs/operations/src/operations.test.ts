import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Commands, type Command } from '#audit';
import { createLogger, Database, Notifications, rowsOf } from '#platform';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import {
  OperationsReconciler,
  OperationsService,
  StepFailed,
  StepWaiting,
  type OperationStep,
  type StepContext,
} from './index.js';

describe('operations', () => {
  let scratch: TestDatabase;
  let database: Database;
  let notifications: Notifications;
  let operations: OperationsService;
  const reconcilers: OperationsReconciler[] = [];
  const logger = createLogger('test', 'silent');

  beforeAll(async () => {
    scratch = await createTestDatabase('control-plane');
    database = await Database.connect(scratch.url);
    notifications = new Notifications(scratch.url, logger);
    await notifications.start();
    operations = new OperationsService(new Commands(database), database);
  });

  afterAll(async () => {
    await Promise.all(reconcilers.map((reconciler) => reconciler.stop()));
    await notifications.close();
    await database.close();
    await scratch.drop();
  });

  async function reconcile(options = {}): Promise<OperationsReconciler> {
    const reconciler = new OperationsReconciler(operations, logger, { pollMs: 50, ...options });
    await reconciler.start(notifications);
    reconcilers.push(reconciler);
    return reconciler;
  }

  async function begin(kind: string, steps: OperationStep[], maxAttempts = 5): Promise<string> {
    operations.register({ kind, steps, maxAttempts });
    return operations.commands.asSystem('test', (command) =>
      operations.start(command, { kind, subject: 'tenant/x', input: { n: 1 } }),
    );
  }

  async function statuses(id: string): Promise<string[]> {
    const rows = await database.query<{ status: string; attempts: number }>(
      'select status, attempts from operation_step where operation_id = $1 order by position',
      [id],
    );
    return rows.map(({ status, attempts }) => `${status} ${attempts}`);
  }

  it('performs the steps in order, hands state on and ends', async () => {
    const seen: string[] = [];
    const id = await begin('ordered', [
      { name: 'a', title: 'A', perform: async () => ({ made: 7 }) },
      { name: 'b', title: 'B', perform: async ({ state }) => void seen.push(`b:${String(state['made'])}`) },
      {
        name: 'c',
        title: 'C',
        record: async (_command, { state }) => void seen.push(`c:${String(state['made'])}`),
      },
    ]);
    await reconcile();
    expect(await operations.settled(id, 5_000)).toBe('SUCCEEDED');
    expect(seen).toEqual(['b:7', 'c:7']);
  });

  it('retries a failing step, fails for good after its attempts, and goes on from there when retried', async () => {
    let broken = true;
    let firstRuns = 0;
    const id = await begin(
      'fragile',
      [
        { name: 'first', title: 'First', perform: async () => void firstRuns++ },
        {
          name: 'second',
          title: 'Second',
          perform: async () => {
            if (broken) throw new Error('no route');
          },
        },
      ],
      2,
    );
    expect(await operations.settled(id, 5_000)).toBe('FAILED');
    broken = false;
    await operations.commands.asSystem('test', (command) => operations.retry(command, id));
    expect(await operations.settled(id, 5_000)).toBe('SUCCEEDED');
    expect(firstRuns).toBe(1);
  });

  it('tells a step that its former holder died in it, and no other step', async () => {
    const told: [string, boolean][] = [];
    const steps = ['first', 'second'].map((name) => ({
      name,
      title: name,
      perform: async ({ interrupted }: StepContext) => void told.push([name, interrupted]),
    }));
    operations.register({ kind: 'interrupted', steps });
    const id = await operations.commands.asSystem('test', async (command) => {
      const begun = await operations.start(command, { kind: 'interrupted', subject: 'tenant/x', input: {} });
      await command.tx.query(
        `update operation set status = 'RUNNING', lease_holder = 'dead', lease_until = now() where id = $1`,
        [begun],
      );
      await command.tx.query(
        `update operation_step set status = 'RUNNING', attempts = 1 where operation_id = $1 and position = 0`,
        [begun],
      );
      return begun;
    });
    expect(await operations.settled(id, 5_000)).toBe('SUCCEEDED');
    expect(told).toEqual([
      ['first', true],
      ['second', false],
    ]);
  });

  it('is taken over early from a process that is gone, and not from one that is only slow to renew', async () => {
    const leaseMs = 60_000;
    operations.register({ kind: 'left', steps: [{ name: 'go on', title: 'Go on' }] });
    const leave = (holder: string): Promise<string> =>
      operations.commands.asSystem('test', async (command) => {
        const id = await operations.start(command, { kind: 'left', subject: 'tenant/x', input: {} });
        await command.tx.query(
          `update operation set status = 'RUNNING', lease_holder = $2, lease_until = now() + interval '20 seconds'
           where id = $1`,
          [id, `host:1:${holder}`],
        );
        return id;
      });
    await reconcile({ leaseMs });
    const slow = await leave(database.applicationName);
    expect(await operations.settled(await leave('tierdeck gone'), 5_000)).toBe('SUCCEEDED');
    expect(await operations.settled(slow, 200)).toBe('RUNNING');
    await operations.commands.asSystem('test', (command) => operations.cancel(command, slow));
  });

  it('waits without spending attempts, and fails at once when told that trying again cannot help', async () => {
    let looks = 0;
    const waiting = await begin(
      'patient',
      [
        {
          name: 'look',
          title: 'Look',
          perform: async () => {
            if (++looks < 8) throw new StepWaiting('not yet', 10);
          },
        },
      ],
      1,
    );
    const hopeless = await begin('hopeless', [
      {
        name: 'no',
        title: 'No',
        perform: async () => {
          throw new StepFailed('NO_WAY', 'There is no way.', 400, { hint: 'Find one.' });
        },
      },
    ]);
    expect(await operations.settled(waiting, 5_000)).toBe('SUCCEEDED');
    expect(await operations.settled(hopeless, 5_000)).toBe('FAILED');
    const [row] = await database.query<{ error_code: string }>(
      'select error_code from operation where id = $1',
      [hopeless],
    );
    expect(row?.error_code).toBe('NO_WAY');
  });

  it('skips what is not needed, and records what needs no work outside together with the step before', async () => {
    const seen: string[] = [];
    const transaction = async ({ tx }: Command): Promise<string> =>
      (await rowsOf<{ id: string }>(tx, 'select pg_current_xact_id()::text as id'))[0]?.id ?? '';
    const id = await begin('brief', [
      { name: 'plan', title: 'Plan', record: async () => ({ size: 2 }) },
      {
        name: 'never',
        title: 'Never',
        needed: ({ state }) => state['size'] !== 2,
        perform: async () => void seen.push('never'),
      },
      {
        name: 'work',
        title: 'Work',
        perform: async () => ({ made: 7 }),
        record: async (command) => void seen.push(await transaction(command)),
      },
      {
        name: 'end',
        title: 'End',
        record: async (command, { state }) =>
          void seen.push(await transaction(command), JSON.stringify(state)),
      },
    ]);
    expect(await operations.settled(id, 5_000)).toBe('SUCCEEDED');
    const [first, second, state] = seen;
    expect([first, state]).toEqual([second, '{"size":2,"made":7}']);
    expect(await statuses(id)).toEqual(['SUCCEEDED 1', 'SKIPPED 0', 'SUCCEEDED 1', 'SUCCEEDED 1']);
  });

  it('tells of a failure in a shared transaction as that of its own step, and keeps what was done before', async () => {
    let performed = 0;
    let broken = true;
    const id = await begin(
      'half',
      [
        { name: 'work', title: 'Work', perform: async () => ({ made: ++performed }) },
        { name: 'note', title: 'Note', record: async () => ({ noted: true }) },
        {
          name: 'close',
          title: 'Close',
          record: async () => {
            if (broken) throw new Error('no');
          },
        },
      ],
      2,
    );
    expect(await operations.settled(id, 5_000)).toBe('FAILED');
    expect(await statuses(id)).toEqual(['SUCCEEDED 1', 'SUCCEEDED 1', 'FAILED 2']);
    broken = false;
    await operations.commands.asSystem('test', (command) => operations.retry(command, id));
    expect(await operations.settled(id, 5_000)).toBe('SUCCEEDED');
    expect(performed).toBe(1);
    const [row] = await database.query<{ state: unknown }>('select state from operation where id = $1', [id]);
    expect(row?.state).toEqual({ made: 1, noted: true });
  });

  it('lets no holder record under an old fence', async () => {
    let release = (): void => undefined;
    let entered = 0;
    let enter = (): void => undefined;
    const firstEntered = new Promise<void>((resolve) => (enter = resolve));
    const id = await begin('contested', [
      {
        name: 'slow',
        title: 'Slow',
        perform: async () => {
          entered++;
          enter();
          if (entered === 1) await new Promise<void>((resolve) => (release = resolve));
          return { by: entered };
        },
      },
    ]);
    await firstEntered;
    // The first holder hangs past its lease: another one may take the operation over.
    await database.query(
      `update operation set lease_until = now() - interval '1 second', fence = fence + 1 where id = $1`,
      [id],
    );
    expect(await operations.settled(id, 5_000)).toBe('SUCCEEDED');
    release();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [row] = await database.query<{ state: { by: number } }>(
      'select state from operation where id = $1',
      [id],
    );
    expect(entered).toBe(2);
    expect(row?.state.by).toBe(2);
  });

  it('ends a long step at its next sign of progress once the operation is cancelled', async () => {
    let begun = (): void => undefined;
    let ended = (): void => undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    const end = new Promise<void>((resolve) => (ended = resolve));
    const id = await begin('endless', [
      {
        name: 'count',
        title: 'Count',
        perform: async (context) => {
          try {
            for (let done = 1; ; done++) {
              await context.progress({ done });
              begun();
            }
          } finally {
            ended();
          }
        },
      },
    ]);
    await beginning;
    await operations.commands.asSystem('test', (command) => operations.cancel(command, id));
    await end;
    expect(await operations.settled(id, 5_000)).toBe('CANCELLED');
  });
});
