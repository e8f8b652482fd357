import { createHash } from 'node:crypto';
import type { TenantQueryable } from '#runtime';
import { IdempotencyKeyReusedError } from './orders.errors.js';

/** A write that its caller may send again without a second effect. */
export interface IdempotentRequest {
  key: string;
  /** {@link requestDigest} of what was asked for. */
  digest: string;
}

/** What a write answered; sent again word by word to whoever repeats it. */
export interface StoredAnswer<Body> {
  status: number;
  body: Body;
  /** True if it had been carried out before. */
  replayed: boolean;
}

/** @param request parsed input: equal requests must have equal JSON. */
export function requestDigest(operation: string, request: unknown): string {
  return createHash('sha256')
    .update(`${operation}\n${JSON.stringify(request)}`)
    .digest('hex');
}

/**
 * Carries out `work` once for its key, in the caller's transaction. A second request with the key waits until the
 * first is committed, then gets its answer; if the first failed, its key is free again.
 * @throws IdempotencyKeyReusedError if the key came with another request.
 */
export async function once<Body>(
  tx: TenantQueryable,
  request: IdempotentRequest,
  work: () => Promise<{ status: number; body: Body }>,
): Promise<StoredAnswer<Body>> {
  const claimed = await tx.query(
    `insert into idempotency_key (key, request_digest) values ($1, $2)
     on conflict do nothing returning key`,
    [request.key, request.digest],
  );
  if (claimed.rowCount === 0) return replay(tx, request);
  const { status, body } = await work();
  await tx.query('update idempotency_key set status = $2, answer = $3 where key = $1', [
    request.key,
    status,
    JSON.stringify(body),
  ]);
  return { status, body, replayed: false };
}

async function replay<Body>(tx: TenantQueryable, request: IdempotentRequest): Promise<StoredAnswer<Body>> {
  const { rows } = await tx.query<{ request_digest: string; status: number; answer: Body }>(
    'select request_digest, status, answer from idempotency_key where key = $1',
    [request.key],
  );
  const found = rows[0];
  if (found?.request_digest !== request.digest) throw new IdempotencyKeyReusedError(request.key);
  return { status: found.status, body: found.answer, replayed: true };
}
