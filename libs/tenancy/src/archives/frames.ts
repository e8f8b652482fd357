import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/**
 * Encrypts a stream in frames, so that each can be checked before it is used and memory stays bounded: the STREAM
 * construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM. A frame is 4 bytes of length, the
 * ciphertext and 16 bytes of tag. The nonce is the frame's number and whether it is the last, so frames cannot be
 * left out, swapped or cut off. A key encrypts one stream only.
 */
export const FRAME_BYTES = 256 * 1024;
const tagBytes = 16;

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(index), 0);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

export class FrameEncrypter extends Transform {
  #pending: Buffer[] = [];
  #size = 0;
  #index = 0;

  constructor(
    private readonly key: Buffer,
    private readonly context: string,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pending.push(chunk);
    this.#size += chunk.length;
    // The last frame must be told apart, so one that is just full waits for what comes after it.
    while (this.#size > FRAME_BYTES) this.#frame(FRAME_BYTES, false);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#frame(this.#size, true);
    done();
  }

  #frame(size: number, last: boolean): void {
    const all = this.#pending.length === 1 ? (this.#pending[0] as Buffer) : Buffer.concat(this.#pending);
    const plain = all.subarray(0, size);
    this.#pending = size === all.length ? [] : [all.subarray(size)];
    this.#size = all.length - size;
    const cipher = createCipheriv('aes-256-gcm', this.key, nonceOf(this.#index++, last));
    cipher.setAAD(Buffer.from(this.context));
    const data = Buffer.concat([cipher.update(plain), cipher.final()]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    this.push(Buffer.concat([length, data, cipher.getAuthTag()]));
  }
}

/** What a stream of frames is not: whole, unaltered, and of this key. */
export class FramesBroken extends Error {}

/** Gives out a frame only after its tag was checked. Ends with {@link FramesBroken} unless the last frame came last. */
export class FrameDecrypter extends Transform {
  #pending: Buffer = Buffer.alloc(0);
  #index = 0;

  constructor(
    private readonly key: Buffer,
    private readonly context: string,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
      for (;;) {
        const frame = this.#whole();
        // A frame is opened once something follows it: then it was not the last.
        if (!frame || this.#pending.length === frame) break;
        this.push(this.#open(frame, false));
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      const frame = this.#whole();
      if (!frame || frame !== this.#pending.length) throw new FramesBroken('is cut off');
      this.push(this.#open(frame, true));
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  /** Bytes of the first pending frame with length and tag, once all of it is there. */
  #whole(): number | undefined {
    if (this.#pending.length < 4) return undefined;
    const data = this.#pending.readUInt32BE(0);
    if (data > FRAME_BYTES) throw new FramesBroken('was altered');
    const all = 4 + data + tagBytes;
    return this.#pending.length >= all ? all : undefined;
  }

  #open(size: number, last: boolean): Buffer {
    const data = this.#pending.subarray(4, size - tagBytes);
    const tag = this.#pending.subarray(size - tagBytes, size);
    this.#pending = this.#pending.subarray(size);
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonceOf(this.#index++, last), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(this.context));
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(data), decipher.final()]);
    } catch (cause) {
      throw new FramesBroken('was altered, cut off, or encrypted with another key', { cause });
    }
  }
}
