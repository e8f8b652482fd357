import { CliError } from './cli-error.js';

/** Reads a number of the command line. @throws CliError for what is none. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) {
    throw new CliError('INVALID_ARGUMENT', `"${text}" is not a number.`);
  }
  return value;
}

/** The same, or `none`: null. */
export function numberOrNone(text: string): number | null {
  return text.trim() === 'none' ? null : number(text);
}
