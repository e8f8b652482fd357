import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log, at any depth up to three. `parameters` are those of a failed statement. */
const secretKeys = [
  'authorization',
  'password',
  'secret',
  'token',
  'adminToken',
  'connectionString',
  'parameters',
];
const redact = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** A JSON logger on stderr; stdout belongs to data. */
export function createLogger(name: string, level = 'info'): Logger {
  return pino(
    { name, level, base: { name }, redact: { paths: redact, censor: '[redacted]' } },
    pino.destination(2),
  );
}

/** Lets Nest's own messages go through our logger. */
export function nestLogger(logger: Logger): LoggerService {
  const at =
    (level: 'info' | 'error' | 'warn' | 'debug') =>
    (message: unknown, ...rest: unknown[]) => {
      logger[level]({ context: rest.at(-1) }, String(message));
    };
  return { log: at('debug'), error: at('error'), warn: at('warn'), debug: at('debug'), verbose: at('debug') };
}

/** Nest injection token of the process's {@link Logger}. */
export const LOGGER = Symbol('Logger');
