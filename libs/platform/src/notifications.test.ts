import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, testPostgresUrl, type TestDatabase } from '../../../test/support/database.js';
import { createLogger } from './logging.js';
import { Notifications } from './notifications.js';

/** A way to PostgreSQL that can be closed and opened again. */
class Door {
  open = true;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(target: URL) {
    this.#server = createServer((caller) => {
      if (!this.open) return void caller.destroy();
      this.#join(caller);
      const server = this.#join(connect(Number(target.port), target.hostname));
      caller.pipe(server).pipe(caller);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  shut(): void {
    this.open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.shut();
    this.#server.close();
  }

  #join(socket: Socket): Socket {
    this.#sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
  }
}

describe('notifications', () => {
  let database: TestDatabase;
  let door: Door;
  let notifications: Notifications;

  beforeEach(async () => {
    database = await createTestDatabase('empty');
    door = new Door(new URL(testPostgresUrl()));
    const url = new URL(database.url);
    url.port = String(await door.listen());
    notifications = new Notifications(url.toString(), createLogger('test', 'silent'));
    await notifications.start();
  });

  afterEach(async () => {
    jest.useRealTimers();
    await notifications.close();
    door.close();
    await database.drop();
  });

  it('tries again one attempt at a time while PostgreSQL is away, then tells subscribers to look', async () => {
    let woken: (payload: string | undefined) => void = () => undefined;
    const resync = new Promise((resolve) => (woken = resolve));
    await notifications.subscribe('news', (payload) => woken(payload));
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    door.shut();
    for (let attempt = 1; attempt <= 4; attempt++) {
      await turnsUntil(() => jest.getTimerCount() > 0);
      expect(jest.getTimerCount()).toBe(1);
      jest.advanceTimersByTime(10_000);
    }
    await turnsUntil(() => jest.getTimerCount() > 0);
    door.open = true;
    jest.advanceTimersByTime(10_000);
    expect(await resync).toBeUndefined();
    expect(jest.getTimerCount()).toBe(0);
  });
});

/** Waits in turns of the event loop, since the timers stand still; then a few more, for what follows closely. */
async function turnsUntil(holds: () => boolean): Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  while (!holds()) await turn();
  for (let i = 0; i < 20; i++) await turn();
}
