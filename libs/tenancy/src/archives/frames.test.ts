import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FRAME_BYTES, FrameDecrypter, FrameEncrypter } from './frames.js';

const key = randomBytes(32);
const overhead = 4 + 16;

const encrypt = (chunks: Buffer[], context = 'part'): Promise<Buffer> =>
  buffer(Readable.from(chunks, { objectMode: false }).pipe(new FrameEncrypter(key, context)));

/** What a decrypter lets out of some bytes, and whether it then ended well. */
async function decrypt(bytes: Buffer[], context = 'part'): Promise<{ out: Buffer; broken: boolean }> {
  const decrypter = new FrameDecrypter(key, context);
  const out: Buffer[] = [];
  decrypter.on('data', (chunk: Buffer) => out.push(chunk));
  const ended = new Promise<boolean>((resolve) => {
    decrypter.on('end', () => resolve(false));
    decrypter.on('error', () => resolve(true));
  });
  Readable.from(bytes, { objectMode: false }).pipe(decrypter);
  return { broken: await ended, out: Buffer.concat(out) };
}

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 100 }),
  fc.constantFrom(FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 3 * FRAME_BYTES + 7),
);

function cut(bytes: Buffer, piece: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += piece) pieces.push(bytes.subarray(at, at + piece));
  return pieces;
}

describe('frames', () => {
  it('give back what went in, however it is cut on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 1000, max: 400_000 }),
        fc.integer({ min: 1000, max: 400_000 }),
        async (size, cutIn, cutOut) => {
          const plain = randomBytes(size);
          const sealed = await encrypt(cut(plain, cutIn));
          expect(sealed.length).toBe(size + overhead * Math.max(1, Math.ceil(size / FRAME_BYTES)));
          const { out, broken } = await decrypt(cut(sealed, cutOut));
          expect(broken).toBe(false);
          expect(out.equals(plain)).toBe(true);
        },
      ),
      { numRuns: 40, verbose: 1 },
    );
  });

  it('are refused when cut off, altered, swapped or taken from elsewhere, and let nothing wrong out', async () => {
    const plain = randomBytes(3 * FRAME_BYTES + 100);
    const sealed = await encrypt([plain]);
    const frame = FRAME_BYTES + overhead;
    const swapped = Buffer.concat([
      sealed.subarray(frame, 2 * frame),
      sealed.subarray(0, frame),
      sealed.subarray(2 * frame),
    ]);
    const repeated = Buffer.concat([sealed.subarray(0, frame), sealed]);
    const cases: Buffer[] = [swapped, repeated, Buffer.concat([sealed, Buffer.from([0])])];
    for (const size of [0, 3, frame, 2 * frame, 3 * frame, sealed.length - 1])
      cases.push(sealed.subarray(0, size));
    for (const bytes of cases) {
      const { out, broken } = await decrypt(cut(bytes, 100_000));
      expect(broken).toBe(true);
      expect(plain.subarray(0, out.length).equals(out)).toBe(true);
    }
    expect((await decrypt([sealed], 'another part')).broken).toBe(true);
  });

  it('are refused after any one bit was changed', async () => {
    const sealed = await encrypt([randomBytes(1_000)]);
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.nat(7), async (at, bit) => {
        const altered = Buffer.from(sealed);
        altered[at] = (altered[at] as number) ^ (1 << bit);
        const { out, broken } = await decrypt([altered]);
        expect([broken, out.length]).toEqual([true, 0]);
      }),
      { numRuns: 200, verbose: 1 },
    );
  });
});
