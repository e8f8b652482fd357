import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, withTestClient, type TestDatabase } from '../../../../test/support/database.js';
import { createLogger } from '../logging.js';
import { Notifications } from '../notifications.js';
import { subscribeTo } from './subscribe-to.js';

describe('subscribeTo', () => {
  let scratch: TestDatabase;
  let notifications: Notifications;

  beforeAll(async () => {
    scratch = await createTestDatabase('empty');
    notifications = new Notifications(scratch.url, createLogger('test', 'silent'));
    await notifications.start();
  });

  afterAll(async () => {
    await notifications.close();
    await scratch.drop();
  });

  const notify = (payload: string): Promise<unknown> =>
    withTestClient(scratch.name, (client) => client.query('select pg_notify($1, $2)', ['channel', payload]));

  it('hands out what is loaded for each notification, in order, after the initial state', async () => {
    const values = subscribeTo(
      notifications,
      'channel',
      async (payload) =>
        payload === 'none' ? undefined : payload === 'two' ? ['2a', '2b'] : (payload ?? 'now'),
      { initial: true },
    );
    expect((await values.next()).value).toBe('now');
    await notify('one');
    await notify('none');
    await notify('two');
    expect((await values.next()).value).toBe('one');
    expect((await values.next()).value).toBe('2a');
    expect((await values.next()).value).toBe('2b');
    await values.return?.();
  });

  it('ends a waiting subscriber when it leaves, and loads nothing afterwards', async () => {
    let loads = 0;
    const values = subscribeTo(notifications, 'channel', async () => ++loads);
    const waiting = values.next();
    await values.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await notify('late');
    expect(await values.next()).toEqual({ done: true, value: undefined });
    expect(loads).toBe(0);
  });
});
