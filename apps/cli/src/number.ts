import { CliError } from './cli-error.js';

/** Reads a number of the command line. @throws CliError for what is none. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new CliError('INVALID_ARGUMENT', `"${text}" is not a number.`);
  }
  return value;
}

/** The same, or `none`; commander takes no null from a parser. */
export function numberOrNone(text: string): number | 'none' {
  return text.trim() === 'none' ? 'none' : number(text);
}

/** What the API is told of it: null takes away. */
export function orNull(value: number | 'none' | undefined): number | null | undefined {
  return value === 'none' ? null : value;
}
