/** Collects what the tour promises and whether it held; the tour fails if one did not. */
export class Promises {
  readonly broken: string[] = [];
  #kept = 0;

  constructor(private readonly write: (line: string) => void) {}

  get kept(): number {
    return this.#kept;
  }

  /** Tells a promise and its verdict. */
  keep(promise: string, holds: boolean, seen = ''): void {
    if (holds) this.#kept += 1;
    else this.broken.push(promise);
    this.write(`  ${holds ? '✓' : '✗'} ${promise}${seen ? ` (${seen})` : ''}`);
  }

  /** Tells a measured figure. */
  figure(name: string, value: string): void {
    this.write(`    ${name.padEnd(44)} ${value}`);
  }
}
