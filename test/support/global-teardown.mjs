import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const postgres = globalThis.__tierdeckTestPostgres;
  if (!postgres) return;
  const ended = new Promise((resolve) => postgres.child.once('exit', resolve));
  postgres.child.kill('SIGINT');
  await ended;
  await rm(postgres.root, { recursive: true, force: true });
}
