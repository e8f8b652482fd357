import { TierdeckError } from '#platform';

export interface KitFault {
  /** Name of the file inside the kit's folder. */
  file: string;
  /** 1 is the header. */
  line?: number;
  /** Column, or field of kit.json. */
  field?: string;
  cause?: unknown;
}

/** A kit that cannot be imported as it is; nothing of the file at fault was written. */
export class KitInvalidError extends TierdeckError {
  readonly file: string;
  readonly line: number | undefined;

  constructor(kit: string, problem: string, { file, line, field, cause }: KitFault) {
    const place = line === undefined ? file : `${file}:${line}`;
    super('KIT_INVALID', `Kit ${kit}, ${place}: ${problem}`, 422, {
      hint: 'Mend the file, or build the kit anew: node tenants/kits/build/build.mjs',
      ...(field === undefined ? {} : { field }),
      details: { kit, file, ...(line === undefined ? {} : { line }) },
      cause,
    });
    this.file = file;
    this.line = line;
  }
}
