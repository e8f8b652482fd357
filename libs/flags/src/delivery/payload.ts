import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gunzipSync, gzip, gzipSync } from 'node:zlib';

const compress = promisify(gzip);
const level = { level: constants.Z_DEFAULT_COMPRESSION };

/** The bytes of one answer of `/api/client/features`, made once and sent as they are. */
export interface Payload {
  /** Revision of the last change of these bytes. */
  revision: number;
  /** `"hash:revision:v1"` */
  etag: string;
  hash: string;
  gzip: Buffer;
  /** The same bytes for a client that does not take gzip; only made when one asks. */
  identity(): Buffer;
}

export interface PayloadInput {
  environment: string;
  revision: number;
  /** JSON of each feature, in the order in which they are sent. */
  features: readonly string[];
}

/** Makes the bytes, or keeps those of `previous` with their ETag if the features are the same. */
export async function makePayload(input: PayloadInput, previous?: Payload): Promise<Payload> {
  const { hash, same } = compare(input, previous);
  if (same) return same;
  const body = bodyOf(input, hash);
  return payload(input.revision, hash, await compress(body, level), body);
}

/** As {@link makePayload}, for small payloads: at once, and kept in their gzip form alone. */
export function makePayloadNow(input: PayloadInput, previous?: Payload): Payload {
  const { hash, same } = compare(input, previous);
  return same ?? payload(input.revision, hash, gzipSync(bodyOf(input, hash), level));
}

function compare(input: PayloadInput, previous: Payload | undefined): { hash: string; same?: Payload } {
  const digest = createHash('sha1');
  for (const feature of input.features) digest.update(feature);
  const hash = digest.digest('hex').slice(0, 16);
  return previous?.hash === hash ? { hash, same: previous } : { hash };
}

function bodyOf({ environment, revision, features }: PayloadInput, hash: string): Buffer {
  const query = JSON.stringify({ environment });
  const meta = JSON.stringify({ revisionId: revision, etag: etagOf(hash, revision), queryHash: hash });
  return Buffer.from(
    `{"version":2,"features":[${features.join(',')}],"segments":[],"query":${query},"meta":${meta}}`,
  );
}

function payload(revision: number, hash: string, zipped: Buffer, body?: Buffer): Payload {
  return {
    revision,
    etag: etagOf(hash, revision),
    hash,
    gzip: zipped,
    identity: () => body ?? gunzipSync(zipped),
  };
}

function etagOf(hash: string, revision: number): string {
  return `"${hash}:${revision}:v1"`;
}

/** The revision in an ETag of ours; undefined for any other text. */
export function revisionOfEtag(etag: string): number | undefined {
  const revision = /^(?:W\/)?"[0-9a-f]+:(\d+):v1"$/.exec(etag)?.[1];
  return revision === undefined ? undefined : Number(revision);
}

/** Whether an If-None-Match header names this ETag; weak and strong are compared alike, as RFC 9110 asks. */
export function etagMatches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header === etag) return true;
  return header.split(',').some((one) => one.trim() === '*' || opaque(one) === opaque(etag));
}

function opaque(etag: string): string {
  return etag.trim().replace(/^W\//, '');
}
