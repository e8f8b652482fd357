import { createRequire } from 'node:module';

/**
 * Loaded ahead of the built control plane. Its parent arms it with `{ step, statement, delayMs }`: the process then kills
 * itself (SIGKILL) in the next run of that step of an operation, so long after so many statements in the tenants'
 * databases were answered; at the step's end at the latest.
 */
const pg = createRequire(`${process.cwd()}/package.json`)('pg');
const original = pg.Client.prototype.query;
const begins = `update operation_step s set status = 'RUNNING'`;
let armed;
let left = 0;

process.on('message', (message) => {
  if (message.step) armed = message;
});

const kill = () => process.kill(process.pid, 'SIGKILL');

function stepBegan(name) {
  if (!armed) return;
  if (name !== armed.step) {
    if (left > 0 || armed.due) kill();
    return;
  }
  left = armed.statement;
}

function answered() {
  if (left === 0 || --left > 0) return;
  armed.due = true;
  if (armed.delayMs > 0) setTimeout(kill, armed.delayMs);
  else kill();
}

pg.Client.prototype.query = function query(...args) {
  const result = original.apply(this, args);
  if (!(result instanceof Promise)) return result;
  const application = this.connectionParameters?.application_name ?? '';
  if (application.startsWith('tierdeck-provision')) result.then(answered, answered);
  else if (typeof args[0] === 'string' && args[0].includes(begins)) {
    result.then(
      ({ rows }) => stepBegan(rows[0]?.name),
      () => undefined,
    );
  }
  return result;
};
