import { createServer } from 'node:net';
import { TierdeckError } from '#platform';

/** @throws TierdeckError PORT_TAKEN, naming the variable that moves it. */
export async function refuseTakenPort(host: string, port: number, variable: string): Promise<void> {
  const free = await new Promise<boolean>((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
  if (free) return;
  throw new TierdeckError('PORT_TAKEN', `Port ${port} is taken by another process.`, 500, {
    hint: `Stop it, or set ${variable} to a free port.`,
  });
}
