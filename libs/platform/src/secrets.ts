import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TierdeckError } from './errors.js';

/** Random URL-safe text; 32 bytes give 256 bits. */
export function randomSecret(bytes = 32): string {
  return randomBytes(bytes).toString('base64url');
}

/**
 * Hash under which a random token is stored: SHA-256, hexadecimal.
 * A slow password hash would add nothing: the tokens carry 256 random bits.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Encrypts secrets at rest with AES-256-GCM under the master key. Text form: `v1.<iv>.<tag>.<data>`, base64url. */
export class SecretBox {
  readonly #key: Buffer;

  constructor(masterKeyHex: string) {
    this.#key = Buffer.from(masterKeyHex, 'hex');
  }

  /** @param context what the secret belongs to; it opens only under the same. */
  seal(plain: string, context = ''): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv);
    if (context) cipher.setAAD(Buffer.from(context));
    const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return ['v1', ...[iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url'))].join('.');
  }

  /** @throws TierdeckError SECRET_UNREADABLE if it was sealed under another key or context, or was altered. */
  open(sealed: string, context = ''): string {
    try {
      const [version, ...parts] = sealed.split('.');
      const [iv, tag, data] = parts.map((part) => Buffer.from(part, 'base64url'));
      if (version !== 'v1' || !iv || !tag || !data) throw new Error('malformed');
      const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: 16 });
      if (context) decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(tag);
      return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new TierdeckError(
        'SECRET_UNREADABLE',
        'A stored secret cannot be decrypted with this master key.',
        500,
        { cause, hint: 'Set TIERDECK_MASTER_KEY to the key it was sealed with.' },
        'operator',
      );
    }
  }
}

/** Reads a secret file of the data directory, or makes it once. Mode 0600. */
export async function secretFile(dataDir: string, name: string, make: () => string): Promise<string> {
  const path = join(dataDir, name);
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(path, `${make()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await chmod(path, 0o600);
  return (await readFile(path, 'utf8')).trim();
}
