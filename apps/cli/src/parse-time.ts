import { CliError } from './cli-error.js';

/** A time of the command line as ISO 8601. @throws CliError INVALID_ARGUMENT */
export function parseTime(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new CliError('INVALID_ARGUMENT', `"${text}" is no time.`, 'E.g. 2030-01-31T06:00:00Z');
  return time.toISOString();
}
