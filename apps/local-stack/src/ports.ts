import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TierdeckError } from '#platform';

/**
 * @param patienceMs how long to wait for whoever holds the port to end.
 * @throws TierdeckError PORT_TAKEN, naming the variable that moves it.
 */
export async function refuseTakenPort(
  host: string,
  port: number,
  variable: string,
  patienceMs: number,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  do {
    if (await isFree(host, port)) return;
    await sleep(100);
  } while (Date.now() < deadline);
  throw new TierdeckError('PORT_TAKEN', `Port ${port} is taken by another process.`, 500, {
    hint: `Stop it, or set ${variable} to a free port.`,
  });
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
