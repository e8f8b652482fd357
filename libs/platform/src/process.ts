import type { Logger } from './logging.js';
import { TierdeckError } from './errors.js';

export interface Stoppable {
  stop(): Promise<void>;
}

/** Longest time an orderly stop may take before the process goes anyway; everything survives a kill -9. */
const defaultStopTimeoutMs = 15_000;

/**
 * The life of a Tierdeck process: starts it, stops it in order on SIGINT, SIGTERM or when the parent that spawned it
 * with an IPC channel is gone, and tells a parent `ready`. A start that fails gives one clear line and exit code 1.
 * @param start may watch `stopAsked` to give up a long start; it then cleans up and throws.
 */
export async function runProcess(
  logger: Logger,
  start: (stopAsked: AbortSignal) => Promise<Stoppable>,
  stopTimeoutMs = defaultStopTimeoutMs,
): Promise<void> {
  const stop = new AbortController();
  const stopAsked = new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  process.on('disconnect', () => stop.abort());
  // A parent that was killed while this process loaded its modules is gone before anybody listens for that.
  if (process.send && !process.connected) stop.abort();
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));

  let running: Stoppable;
  try {
    running = await start(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) process.exit(0);
    process.stderr.write(`${startFailure(error)}\n`);
    process.exit(1);
  }
  if (process.connected) process.send?.('ready');
  await stopAsked;
  const late = setTimeout(() => process.exit(1), stopTimeoutMs);
  late.unref();
  try {
    await running.stop();
    process.exit(0);
  } catch (error) {
    logger.error({ err: error }, 'stop failed');
    process.exit(1);
  }
}

/** One line that says what is wrong and how to mend it. */
function startFailure(error: unknown): string {
  if (error instanceof TierdeckError) {
    return `${error.code}: ${error.message}${error.hint ? ` ${error.hint}` : ''}`;
  }
  const { code, port, message } = error as { code?: string; port?: number; message?: string };
  if (code === 'EADDRINUSE') return `PORT_TAKEN: Port ${port} is taken by another process.`;
  return `START_FAILED: ${message ?? String(error)}`;
}
