import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { TenantSecretUnreadableError } from './tenant-keys.errors.js';

/** A data key of one tenant: 256 random bits. Nothing is encrypted with it; every purpose has a key derived from it. */
export interface TenantKey {
  readonly tenantId: string;
  /** Grows by one with each rotation. */
  readonly version: number;
  readonly bytes: Buffer;
}

/**
 * A key for one purpose: HKDF-SHA-256 (RFC 5869) of the data key, with the tenant and the purpose as `info`.
 * @param salt random and unlike for each thing encrypted, so that no two share a key.
 */
export function deriveKey(key: TenantKey, purpose: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key.bytes, salt, `tierdeck/${key.tenantId}/${purpose}`, 32));
}

/** HMAC-SHA-256 of a text under the tenant's key, hexadecimal. */
export function authenticate(key: TenantKey, purpose: string, salt: Buffer, text: string): string {
  return createHmac('sha256', deriveKey(key, purpose, salt))
    .update(text)
    .digest('hex');
}

/** A secret of a tenant under its own key (AES-256-GCM): `k<version>.<salt>.<tag>.<data>`, base64url. */
export function sealSecret(key: TenantKey, purpose: string, plain: string): string {
  const salt = randomBytes(32);
  // The derived key is used once, so a constant nonce is never used twice with it.
  const cipher = createCipheriv('aes-256-gcm', deriveKey(key, purpose, salt), Buffer.alloc(12));
  const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  const parts = [salt, cipher.getAuthTag(), data].map((part) => part.toString('base64url'));
  return [`k${key.version}`, ...parts].join('.');
}

/** Version of the key that a secret was sealed with. @throws TenantSecretUnreadableError */
export function keyVersionOf(sealed: string): number {
  const version = Number(/^k([1-9]\d{0,8})\./.exec(sealed)?.[1]);
  if (!version) throw new TenantSecretUnreadableError();
  return version;
}

/** @throws TenantSecretUnreadableError for another key, tenant or purpose, or an altered text. */
export function openSecret(key: TenantKey, purpose: string, sealed: string): string {
  try {
    const [salt, tag, data] = sealed
      .split('.')
      .slice(1)
      .map((part) => Buffer.from(part, 'base64url'));
    if (!salt || !tag || !data) throw new Error('malformed');
    const decipher = createDecipheriv('aes-256-gcm', deriveKey(key, purpose, salt), Buffer.alloc(12), {
      authTagLength: 16,
    });
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new TenantSecretUnreadableError(cause);
  }
}
