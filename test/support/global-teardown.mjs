import { rm } from 'node:fs/promises';

export default async function globalTeardown() {
  const postgres = globalThis.__tierdeckTestPostgres;
  if (!postgres) return;
  // Unreferenced, it would let the process end, with exit code 0, before the tests' verdict is told.
  postgres.child.ref();
  const ended = new Promise((resolve) => postgres.child.once('exit', resolve));
  postgres.child.kill('SIGINT');
  await ended;
  await rm(postgres.root, { recursive: true, force: true });
}
