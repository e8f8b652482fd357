import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DistributionProcess } from '../support/distribution-process.js';
import { everyKill, killSeed, seeded } from '../support/kill-points.js';
import { MovingStack, type Victim } from '../support/moving-stack.js';
import { OrderTraffic, trafficSku } from '../support/order-traffic.js';

/** The steps of a move and of what ends it, in which a process of the stack may be killed. */
const steps = {
  move: ['prepare-target', 'copy-rows', 'follow-changes', 'cut-over', 'arm-way-back', 'verify'],
  undo: ['switch-back', 'clean-up'],
  finish: ['undo-window', 'drop-streams', 'erase'],
} as const;

interface Kill {
  victim: Victim;
  during: keyof typeof steps;
  step: string;
}

/** Without them the data plane serves as ever: the tenant's rows are on another server by then. */
const spared: readonly Victim[] = ['integration-worker', 'control-plane', 'postgres'];

/** What a client may be told when a process dies that its request needs. */
const endured = /^(E[A-Z]+|UND_ERR_\w+|503 (DATABASE_AWAY|TENANT_MOVING|OVERLOADED))$/;

/**
 * The whole product under orders, EDI documents, jobs and reads, while its tenant moves. TIERDECK_TEST_KILLS=all kills
 * every process in every step.
 */
describe(`moves of a tenant under HTTP traffic (TIERDECK_TEST_SEED=${killSeed})`, () => {
  const random = seeded(killSeed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  let moving: MovingStack;
  let second: DistributionProcess;
  let traffic: OrderTraffic;

  beforeAll(async () => {
    moving = await MovingStack.start(['northwind']);
    await moving.addCluster();
    const { stack } = moving;
    // What asks one instance first asks the other one again.
    second = await DistributionProcess.start({
      url: stack.url,
      runtimeToken: await stack.token('runtime-token'),
      sdkToken: await stack.token('sdk-token'),
      logLevel: 'silent',
    });
    traffic = new OrderTraffic({
      urls: [stack.distributionUrl, second.url],
      token: await stack.token('tenant-tokens/northwind'),
    });
    await traffic.goesOn();
  }, 180_000);

  afterAll(async () => {
    await traffic?.stop();
    await second?.stop();
    await moving?.remove();
  });

  async function moveTo(database: 'SHARED' | 'DEDICATED'): Promise<string> {
    return moving.change('changePlacement', { database });
  }

  /** Nobody was answered what they may not be, and nothing is there twice; the rows are where they belong. */
  async function expectOneHome(): Promise<void> {
    expect(traffic.faults).toEqual([]);
    const { home, withRows, open } = await moving.homes();
    expect({ withRows, open }).toEqual({ withRows: [home], open: [home] });
    const twice = await moving.atHome(
      `select purchase_order, count(*) from sales_order where tenant_id = $1 group by 1 having count(*) > 1`,
    );
    expect(twice).toEqual([]);
  }

  it('every request is taken while it moves there, back, is stopped, and its workers change', async () => {
    await moveTo('DEDICATED');
    await moving.rests(['UNDO_WINDOW']);
    await traffic.goesOn();
    await moving.settled(await moving.change('undoMove', {}));
    await traffic.goesOn();
    await expectOneHome();

    const stopped = await moveTo('DEDICATED');
    await moving.comesTo(stopped, 'copy-rows');
    await moving.stack.ask(
      'mutation ($id: ID!) { cancelOperation(input: { id: $id }) { operation { id } } }',
      { id: stopped },
    );
    // It may have been past the commit point already: then it goes on.
    await moving.rests(['ABORTED', 'UNDO_WINDOW']);

    await moving.change('changePlacement', { integrationWorkers: 'DEDICATED' });
    await moveTo('DEDICATED');
    await moving.rests(['UNDO_WINDOW']);
    await moving.change('changePlacement', { integrationWorkers: 'SHARED' });
    await moving.settled(await moving.change('finishMove', {}));
    await expectOneHome();
    // On to a server that is not the control plane's own.
    await moving.change('changePlacement', { database: 'SHARED', cluster: 'second' });
    await moving.rests(['UNDO_WINDOW']);
    await traffic.goesOn();
    await moving.settled(await moving.change('finishMove', {}));
    await expectOneHome();
    expect(traffic.setbacks).toEqual([]);
  }, 180_000);

  it('what an instance that stood still took before its tenant moved neither is lost nor comes twice', async () => {
    const [early] = [...traffic.orders.keys()];
    const operation = await moveTo('DEDICATED');
    await moving.comesTo(operation, 'follow-changes');
    second.signal('SIGSTOP');
    await Promise.all([
      ...Array.from({ length: 10 }, () => traffic.orderLate(second.url, 200)),
      traffic.documentLate(second.url, 1, 200),
    ]);
    await moving.rests(['UNDO_WINDOW']);
    await traffic.goesOn();
    // A move is not finished before an instance that lives has heard of it, hence only the long version waits for that.
    if (everyKill) await moving.settled(await moving.change('finishMove', {}));
    second.signal('SIGCONT');
    await traffic.repeat(early as string);
    if (!everyKill) await moving.settled(await moving.change('undoMove', {}));
    await traffic.repeat(early as string);
    await expectOneHome();
  }, 180_000);

  it.each(rounds())(
    'is whole after a kill of %s',
    async (_what, kills) => {
      const { placement } = await moving.move();
      const from = traffic.setbacks.length;
      const operation = await moveTo(placement === 'SHARED' ? 'DEDICATED' : 'SHARED');
      await killAt(operation, kills, 'move');
      const move = await moving.rests(['UNDO_WINDOW', 'ABORTED']);
      await traffic.goesOn();
      if (move.state === 'ABORTED') {
        expect(move).toMatchObject({ code: expect.any(String), hint: expect.any(String) });
      } else {
        const end =
          kills.find(({ during }) => during !== 'move')?.during ?? pick(['undo', 'finish'] as const);
        const ending = await moving.change(`${end}Move`, {});
        await killAt(ending, kills, end);
        await moving.rests([end === 'undo' ? 'UNDONE' : 'FINISHED']);
        await traffic.goesOn();
      }
      await expectOneHome();
      // Clients whose request died with a process send it again; nobody was told anything else.
      const said = [...new Set(traffic.setbacks.slice(from))];
      const harmless = kills.every(({ victim }) => spared.includes(victim));
      expect(said.filter((setback) => harmless || !endured.test(setback))).toEqual([]);
    },
    180_000,
  );

  it('has every order once, every job done once and in the order of its documents, and the stock to match', async () => {
    for (const key of [...traffic.orders.keys()].filter(() => random() < 0.1).slice(0, 20)) {
      await traffic.repeat(key);
    }
    await traffic.stop();
    expect(traffic.faults).toEqual([]);
    await moving.change('changePlacement', { integrationWorkers: 'SHARED' });
    for (const deadline = Date.now() + 90_000; ; await sleep(100)) {
      const left = await moving.atHome(
        `select id from integration_job where tenant_id = $1 and status in ('QUEUED', 'RUNNING')`,
      );
      if (left.length === 0 || Date.now() > deadline) break;
    }
    const orders = await moving.atHome<{ id: string; purchase_order: string; channel: string }>(
      `select id, purchase_order, channel from sales_order where tenant_id = $1 order by created_at`,
    );
    const placed = orders.filter(({ channel }) => channel === 'API');
    expect(placed.map(({ purchase_order: key, id }) => `${key} ${id}`).toSorted()).toEqual(
      [...traffic.orders].map(([key, id]) => `${key} ${id}`).toSorted(),
    );
    const exchanged = orders.filter(({ channel }) => channel === 'EDI');
    expect(exchanged.map((order) => order.purchase_order)).toEqual(traffic.documents);
    const [facts] = await moving.atHome(
      `select (select count(*)::int from integration_job where tenant_id = $1) as jobs,
         (select count(*)::int from integration_job where tenant_id = $1 and status = 'DONE') as done,
         (select count(*)::int from edi_outbound where tenant_id = $1 and kind = '855') as answers,
         (select sum(allocated)::int from stock where tenant_id = $1 and item = '${trafficSku}') as allocated,
         (select sum(allocated_delta)::int from stock_movement where tenant_id = $1 and item = '${trafficSku}') as moved`,
    );
    const { length: documents } = traffic.documents;
    const units = documents + traffic.orders.size;
    expect(facts).toEqual({
      jobs: documents,
      done: documents,
      answers: documents,
      allocated: units,
      moved: units,
    });
    expect(await moving.leftOfMoves()).toEqual([]);
    process.stderr.write(
      `seed ${killSeed}: ${traffic.orders.size} orders, ${documents} documents, ${traffic.reads} reads, ` +
        `${traffic.setbacks.length} sent again, longest wait ${Math.round(traffic.longestMs)} ms\n`,
    );
  }, 180_000);

  async function killAt(operation: string, kills: readonly Kill[], during: Kill['during']): Promise<void> {
    for (const { victim, step } of kills.filter((kill) => kill.during === during)) {
      await moving.comesTo(operation, step);
      expect(await moving.kill(victim)).toBe(true);
    }
  }

  /** What is killed in one move: by default each process once, in steps that the seed says. */
  function rounds(): [string, Kill[]][] {
    const points = (Object.keys(steps) as (keyof typeof steps)[]).flatMap((during) =>
      steps[during].map((step) => ({ during, step })),
    );
    const victims = [
      'distribution',
      'integration-worker',
      'control-plane',
      'postgres',
      'tenants-postgres',
    ] as const;
    const all: Kill[] = victims.flatMap((victim) => points.map((point) => ({ victim, ...point })));
    const first = steps.move.indexOf(pick(steps.move));
    const sample: Kill[][] = [
      // The later one in the same step or a later one.
      [
        { victim: 'distribution', during: 'move', step: steps.move[first] as string },
        { victim: 'integration-worker', during: 'move', step: pick(steps.move.slice(first)) },
      ],
      [{ victim: 'control-plane', ...pick(points) }],
      [{ victim: 'postgres', ...pick(points) }],
      [{ victim: 'tenants-postgres', ...pick(points) }],
    ];
    return (everyKill ? all.map((kill) => [kill]) : sample).map((kills) => [
      kills.map(({ victim, step }) => `${victim} in ${step}`).join(', '),
      kills,
    ]);
  }
});
