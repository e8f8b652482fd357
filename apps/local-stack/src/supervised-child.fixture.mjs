import { appendFileSync, existsSync, readFileSync } from 'node:fs';

// A worker as the supervisor sees it: notes when it begins and ends, and misbehaves as a file tells it.
const {
  CHILD_NOTES: notes = '',
  CHILD_MODE_FILE: modeFile = '',
  TIERDECK_WORKER_TENANT: tenant,
} = process.env;
const mode = existsSync(modeFile) ? readFileSync(modeFile, 'utf8').trim() : '';
const note = (what) => appendFileSync(notes, `${what} ${process.pid} ${tenant ?? 'pooled'}\n`);

note('begin');
if (mode === 'fail') process.exit(7);
const end = () => {
  if (mode === 'stubborn') return;
  note('drained');
  process.exit(0);
};
process.on('SIGTERM', end);
process.on('disconnect', () => (mode === 'orphan' ? undefined : end()));
setInterval(() => undefined, 1_000);
if (mode !== 'mute') process.send?.('ready');
