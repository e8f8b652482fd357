import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { CliError } from './cli-error.js';

/** @throws CliError FILE_NOT_FOUND */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new CliError('FILE_NOT_FOUND', `There is no file ${file}.`);
  });
}

/** @throws CliError FILE_NOT_FOUND, FILE_INVALID */
export async function readYaml(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return parse(text) as unknown;
  } catch (error) {
    throw new CliError('FILE_INVALID', `${file}: ${(error as Error).message}`);
  }
}
