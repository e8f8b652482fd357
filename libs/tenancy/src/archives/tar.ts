/**
 * Header of a file in a tar stream (POSIX ustar); a size of 8 GiB or more is written base-256, as GNU tar and libarchive
 * read it.
 * @param name at most 100 bytes.
 */
export function tarHeader(name: string, size: number, at: Date): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  if (size < 8 ** 11) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  } else {
    header.writeBigUInt64BE(BigInt(size), 128);
    header[124] = 0x80;
  }
  const seconds = Math.floor(at.getTime() / 1_000);
  header.write(`${seconds.toString(8).padStart(11, '0')}\0`, 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\u000000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** What follows a file of this size, up to the next block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((512 - (size % 512)) % 512);
}

/** What a tar stream ends with. */
export const tarEnd = Buffer.alloc(1_024);
