/** What the runtime logs through; a pino logger fits. */
export interface RuntimeLogger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const nothing = (): void => undefined;

export const silentLogger: RuntimeLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
