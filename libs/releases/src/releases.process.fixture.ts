import { createLogger, Notifications } from '#platform';
import { openWorld } from './releases.fixture.js';

/** A reconciler in a process of its own, to be killed: `<control-plane url> <migrations folder> <template>`. */
const [, , url = '', folder = '', template = ''] = process.argv;
const world = await openWorld(url, folder, template);
const notifications = new Notifications(url, createLogger('reconciler', 'silent'));
await notifications.start();
await world.reconcile(notifications, { leaseMs: 300 });
process.stdout.write('ready\n');
