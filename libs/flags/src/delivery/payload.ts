import { constants, gunzipSync, gzipSync } from 'node:zlib';

const level = { level: constants.Z_DEFAULT_COMPRESSION };

/** The bytes of one answer, made once, when they are first asked for, and sent as they are. */
export interface Payload {
  /** `"hash:revision:v1"` */
  readonly etag: string;
  readonly gzip: Buffer;
  /** The same bytes for a client that does not take gzip; only made when one asks. */
  identity(): Buffer;
}

export interface PayloadInput {
  environment: string;
  /** Of the last change of these bytes. */
  revision: number;
  /** JSON of each feature, in the order in which they are sent. */
  features: readonly string[];
  /** JSON of each segment. */
  segments: readonly string[];
  /** `hash:revision:v1` */
  etag: string;
}

export function makePayload(input: PayloadInput): Payload {
  return lazyPayload(input.etag, () => bodyOf(input));
}

/** @param etag `hash:revision:v1`; @param body is asked for once. */
export function lazyPayload(etag: string, body: () => string): Payload {
  let gzip: Buffer | undefined;
  return {
    etag: `"${etag}"`,
    get gzip() {
      return (gzip ??= gzipSync(body(), level));
    },
    identity() {
      return gunzipSync(this.gzip);
    },
  };
}

function bodyOf({ environment, revision, features, segments, etag }: PayloadInput): string {
  const query = JSON.stringify({ environment });
  const meta = JSON.stringify({ revisionId: revision, etag: `"${etag}"`, queryHash: etag.slice(0, 16) });
  return `{"version":2,"features":[${features.join(',')}],"segments":[${segments.join(',')}],"query":${query},"meta":${meta}}`;
}

/** What a reader names as known. */
export interface State {
  id: string;
  revision: number;
}

/** `hash:revision:v1`, as an ETag or as the id of an event; undefined for any other text. */
export function stateOf(tag: string | undefined): State | undefined {
  const match = tag === undefined ? null : /^(?:W\/)?"?([0-9a-f]{16}:(\d{1,15}):v1)"?$/.exec(tag);
  return match?.[1] === undefined ? undefined : { id: match[1], revision: Number(match[2]) };
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
