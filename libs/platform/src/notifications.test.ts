import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createTestDatabase, testPostgresUrl, type TestDatabase } from '../../../test/support/database.js';
import { until } from '../../../test/support/until.js';
import { createLogger } from './logging.js';
import { Notifications } from './notifications.js';

/** A way to PostgreSQL that can be closed and opened again. */
class Door {
  open = true;
  /** Connections asked for, also while it is closed. */
  knocks = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(target: URL) {
    this.#server = createServer((caller) => {
      this.knocks += 1;
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
    await notifications.close();
    door.close();
    await database.drop();
  });

  it('tries again one attempt at a time while PostgreSQL is away, then tells subscribers to look', async () => {
    let woken: (payload: string | undefined) => void = () => undefined;
    const resync = new Promise((resolve) => (woken = resolve));
    await notifications.subscribe('news', (payload) => woken(payload));
    const before = door.knocks;
    door.shut();
    // With delays of 100, 200, 400, 800 ms the fifth attempt comes after 3 s; twice as many per failure would be 31.
    await until(() => door.knocks >= before + 5);
    const tries = door.knocks - before;
    door.open = true;
    expect(await resync).toBeUndefined();
    expect(tries).toBe(5);
    expect(door.knocks - before).toBe(6);
  }, 30_000);
});
