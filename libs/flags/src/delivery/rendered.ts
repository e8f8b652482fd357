import { createHash } from 'node:crypto';

/** JSON that is sent as it is, with a hash of it: the hashes of a view's parts add up to the hash of the view. */
export interface Rendered {
  readonly json: string;
  readonly high: number;
  readonly low: number;
}

export function render(value: unknown): Rendered {
  return renderJson(JSON.stringify(value));
}

export function renderJson(json: string): Rendered {
  const digest = createHash('sha1').update(json).digest();
  return { json, high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}
