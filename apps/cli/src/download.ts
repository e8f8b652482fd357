import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CliError } from './cli-error.js';
import type { Session } from './session.js';

/**
 * Brings a file of the control plane onto this machine, readable for its owner alone. It appears whole or not at all.
 * @throws CliError as the control plane says, or DOWNLOAD_CUT_OFF.
 */
export async function download({ url, token }: Session, path: string, file: string): Promise<void> {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } }).catch(
    (cause: unknown) => {
      throw new CliError('UNREACHABLE', `The control plane at ${url} does not answer.`, 'npm start', {
        cause,
      });
    },
  );
  if (!response.ok || !response.body) {
    const { error } = (await response.json().catch(() => ({}))) as {
      error?: { code: string; message: string; hint?: string };
    };
    const code = error?.code ?? `HTTP_${response.status}`;
    throw new CliError(code, error?.message ?? `The control plane answered ${response.status}.`, error?.hint);
  }
  const part = `${file}.part`;
  try {
    const bytes = Readable.fromWeb(response.body);
    await pipeline(bytes, createWriteStream(part, { flags: 'wx', mode: 0o600 }));
    await rename(part, file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CliError('FILE_EXISTS', `${part} is there already.`, 'Remove it, or give another --out.');
    }
    await rm(part, { force: true });
    throw new CliError('DOWNLOAD_CUT_OFF', 'The file broke off on the way.', 'Try again.', { cause });
  }
}
