/** A pattern of RE2 taken apart, as far as it is looked into. */
export type Pattern =
  /** Matches nothing at all. */
  | { kind: 'never' }
  | { kind: 'empty' }
  | { kind: 'begin' }
  | { kind: 'end' }
  /** One character: `source` as it is written, `literal` if it stands for this one alone. */
  | { kind: 'char'; source: string; literal?: string }
  | { kind: 'sequence'; parts: readonly Pattern[] }
  | { kind: 'choice'; parts: readonly Pattern[] }
  /** `max` may be Infinity. */
  | { kind: 'repeat'; part: Pattern; min: number; max: number };

export const never: Pattern = { kind: 'never' };
export const empty: Pattern = { kind: 'empty' };

export function sequence(parts: readonly Pattern[]): Pattern {
  const flat = parts.flatMap((part) =>
    part.kind === 'sequence' ? part.parts : part.kind === 'empty' ? [] : part,
  );
  if (flat.some(({ kind }) => kind === 'never')) return never;
  const [only = empty] = flat;
  return flat.length <= 1 ? only : { kind: 'sequence', parts: flat };
}

export function choice(parts: readonly Pattern[]): Pattern {
  const flat = parts.flatMap((part) =>
    part.kind === 'choice' ? part.parts : part.kind === 'never' ? [] : part,
  );
  const bySource = new Map(flat.map((part) => [printPattern(part), part]));
  const distinct = [...bySource.values()];
  const [only = never] = distinct;
  return distinct.length <= 1 ? only : { kind: 'choice', parts: distinct };
}

export function repeat(part: Pattern, min: number, max: number): Pattern {
  if (max === 0 || part.kind === 'empty') return empty;
  if (part.kind === 'never') return min === 0 ? empty : never;
  return min === 1 && max === 1 ? part : { kind: 'repeat', part, min, max };
}

const printed = new WeakMap<Pattern, string>();

/** As RE2 reads it. Parts are printed once: advancing a pattern keeps most of them. */
export function printPattern(pattern: Pattern): string {
  let text = printed.get(pattern);
  if (text === undefined) printed.set(pattern, (text = print(pattern)));
  return text;
}

function print(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'never':
      return String.raw`[^\s\S]`;
    case 'empty':
      return '(?:)';
    case 'begin':
      return '^';
    case 'end':
      return '$';
    case 'char':
      return pattern.source;
    case 'sequence':
      return pattern.parts
        .map((part) => (part.kind === 'choice' ? `(?:${printPattern(part)})` : printPattern(part)))
        .join('');
    case 'choice':
      return pattern.parts.map(printPattern).join('|');
    case 'repeat':
      return `(?:${printPattern(pattern.part)})${times(pattern.min, pattern.max)}`;
  }
}

function times(min: number, max: number): string {
  if (max === Infinity) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  return min === 0 && max === 1 ? '?' : `{${min},${max}}`;
}

/** @returns undefined for a pattern that is broken, or written in a way that is not looked into. */
export function parsePattern(source: string): Pattern | undefined {
  const reader = new Reader(source);
  const pattern = reader.choice();
  return reader.isDone ? pattern : undefined;
}

const openings = /^\((?:\?:|\?P?<\w+>|(?!\?))/;
const quantifier = /^(?:([*+?])|\{(\d{1,4})(,(\d{0,4}))?\})\??/;
/** Classes of characters, with the names in them, and escapes that stand for one character. */
const characters = [
  /^\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]/,
  /^\\(?:[dswDSW]|[pP](?:\w|\{\^?\w+\})|x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]+\}|[tnrfva])/,
  /^\./,
];
/** A quotation, a boundary of words, and what only other engines know. */
const special = /^\\[A-Za-z0-9]/;

class Reader {
  #at = 0;
  #failed = false;

  constructor(private readonly source: string) {}

  get isDone(): boolean {
    return !this.#failed && this.#at === this.source.length;
  }

  choice(): Pattern {
    const parts = [this.#sequence()];
    while (this.#take(/^\|/)) parts.push(this.#sequence());
    return choice(parts);
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.#at < this.source.length && !/^[|)]/.test(this.#rest)) {
      const part = this.#repeated(this.#one());
      if (this.#failed) return never;
      parts.push(part);
    }
    return sequence(parts);
  }

  #repeated(part: Pattern): Pattern {
    const match = quantifier.exec(this.#rest);
    if (!match) return part;
    this.#at += match[0].length;
    const [, sign, least = '', comma, most] = match;
    if (sign) return repeat(part, sign === '+' ? 1 : 0, sign === '?' ? 1 : Infinity);
    return repeat(part, Number(least), comma ? (most ? Number(most) : Infinity) : Number(least));
  }

  #one(): Pattern {
    if (this.#take(/^(?:\^|\\A)/)) return { kind: 'begin' };
    if (this.#take(/^(?:\$|\\z)/)) return { kind: 'end' };
    for (const form of characters) {
      const found = this.#take(form);
      if (found) return { kind: 'char', source: found };
    }
    if (this.#take(openings)) {
      const inner = this.choice();
      if (!this.#take(/^\)/)) this.#failed = true;
      return inner;
    }
    const escaped = special.test(this.#rest) ? undefined : this.#take(/^(?:\\[\s\S]|[^[(){*+?\\])/u);
    if (!escaped) this.#failed = true;
    const literal = escaped?.replace(/^\\/, '') ?? '';
    return { kind: 'char', source: escaped ?? '', literal };
  }

  get #rest(): string {
    return this.source.slice(this.#at);
  }

  #take(form: RegExp): string | undefined {
    const found = form.exec(this.#rest)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
