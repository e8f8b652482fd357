import { RE2JS } from 're2js';
import {
  choice,
  empty,
  never,
  parsePattern,
  printPattern,
  repeat,
  sequence,
  type Pattern,
} from './pattern-tree.js';

/** What is left to look at is not worth more text than this. */
const maxLength = 2_000;

type Char = Extract<Pattern, { kind: 'char' }>;

/**
 * A pattern for values that a tenant's token lets through: those that begin with `prefix`, its slug and a slash, and, if
 * `others` is set, those that are not written like a unit key. Where it says what the values of another tenant begin with,
 * `contoso/`, that is gone.
 * @returns the pattern as it was where nothing is to be said otherwise, or where it is not looked into; undefined if it
 *   matches no such value.
 */
export function foldPattern(
  source: string,
  prefix: string,
  caseInsensitive: boolean,
  others: boolean,
): string | undefined {
  const pattern = parsePattern(source);
  if (!pattern) return source;
  const anywhere = withoutKeys(pattern);
  if (anywhere === pattern && (others || !hasBegin(pattern))) return source;
  const own = ownPart(pattern, prefix, charTest(caseInsensitive));
  if (!own) return source;
  const rest = others ? anywhere : withoutBegin(anywhere);
  const left = choice([own, rest]);
  if (left.kind === 'never') return undefined;
  const folded = printPattern(left);
  return folded.length > maxLength ? source : folded;
}

/** What is left of a match that begins within the prefix, after the prefix; undefined if that grows too large. */
function ownPart(pattern: Pattern, prefix: string, is: CharTest): Pattern | undefined {
  const later = withoutBegin(pattern);
  let rest: Pattern = never;
  for (let at = 0; at < prefix.length; at++) {
    const isFirst = at === 0;
    // A match may have begun before, or begin here.
    const begun = choice([rest, isFirst ? pattern : later]);
    if (isNullable(begun, isFirst)) return literal(prefix);
    rest = after(begun, prefix.charAt(at), is, isFirst);
    if (printPattern(rest).length > maxLength) return undefined;
  }
  if (isNullable(rest, false)) return literal(prefix);
  return sequence([literal(prefix), withoutKeys(rest, true)]);
}

function literal(text: string): Pattern {
  const chars = Array.from(text, (char): Pattern => ({ kind: 'char', source: char, literal: char }));
  return sequence([{ kind: 'begin' }, ...chars]);
}

/** What a pattern must still match after a character: its derivative. */
function after(pattern: Pattern, char: string, is: CharTest, isFirst: boolean): Pattern {
  switch (pattern.kind) {
    case 'char':
      return is(pattern, char) ? empty : never;
    case 'choice':
      return choice(pattern.parts.map((part) => after(part, char, is, isFirst)));
    case 'repeat': {
      const { part, min, max } = pattern;
      const others = repeat(withoutBegin(part), Math.max(0, min - 1), max - 1);
      return sequence([after(part, char, is, isFirst), others]);
    }
    case 'sequence': {
      const ways: Pattern[] = [];
      for (const [index, part] of pattern.parts.entries()) {
        const others = pattern.parts.slice(index + 1).map(withoutBegin);
        ways.push(sequence([after(part, char, is, isFirst), ...others]));
        if (!isNullable(part, isFirst)) break;
      }
      return choice(ways);
    }
    default:
      return never;
  }
}

/** Whether it matches without a character, where more are to come. */
function isNullable(pattern: Pattern, isFirst: boolean): boolean {
  switch (pattern.kind) {
    case 'empty':
      return true;
    case 'begin':
      return isFirst;
    case 'choice':
      return pattern.parts.some((part) => isNullable(part, isFirst));
    case 'sequence':
      return pattern.parts.every((part) => isNullable(part, isFirst));
    case 'repeat':
      return pattern.min === 0 || isNullable(pattern.part, isFirst);
    default:
      return false;
  }
}

function hasBegin(pattern: Pattern): boolean {
  return withoutBegin(pattern) !== pattern;
}

/** Where something stands before it, nothing begins. The same object if that changes nothing. */
function withoutBegin(pattern: Pattern): Pattern {
  let known = unbegun.get(pattern);
  if (!known) {
    known = replaced(pattern, (part) => (part.kind === 'begin' ? never : part));
    unbegun.set(pattern, known).set(known, known);
  }
  return known;
}

const unbegun = new WeakMap<Pattern, Pattern>();

/**
 * Without what is written like the beginning of a unit key. The same object if that changes nothing.
 * @param continues what it begins with goes on with a key that began before it.
 */
function withoutKeys(pattern: Pattern, continues = false): Pattern {
  if (pattern.kind === 'choice' && continues)
    return choice(pattern.parts.map((part) => withoutKeys(part, continues)));
  return replaced(pattern, (part) => {
    if (part.kind !== 'sequence') return part;
    const own = continues && part === pattern ? part.parts.findIndex((one) => !isSlugText(one)) + 1 : 0;
    return holdsKey(part.parts.slice(own)) ? never : part;
  });
}

/** Whether some parts in a row can only be a slug and its slash. */
function holdsKey(parts: readonly Pattern[]): boolean {
  let length = 0;
  for (const part of parts) {
    if (length > 1 && part.kind === 'char' && part.literal === '/') return true;
    if (part.kind === 'char' && part.literal !== undefined && slugChar.test(part.literal)) length += 1;
    else length = part.kind === 'choice' && isSlugText(part) ? length + 2 : 0;
  }
  return false;
}

const slugChar = /^[a-z0-9-]$/i;

function isSlugText(pattern: Pattern): boolean {
  if (pattern.kind === 'char') return pattern.literal !== undefined && slugChar.test(pattern.literal);
  return (pattern.kind === 'sequence' || pattern.kind === 'choice') && pattern.parts.every(isSlugText);
}

/** Each part, from the inside out, in the form that a function gives it; the same object if none changes. */
function replaced(pattern: Pattern, change: (part: Pattern) => Pattern): Pattern {
  switch (pattern.kind) {
    case 'sequence':
    case 'choice': {
      const parts = pattern.parts.map((part) => replaced(part, change));
      if (parts.every((part, index) => part === pattern.parts[index])) return change(pattern);
      return change(pattern.kind === 'sequence' ? sequence(parts) : choice(parts));
    }
    case 'repeat': {
      const part = replaced(pattern.part, change);
      return change(part === pattern.part ? pattern : repeat(part, pattern.min, pattern.max));
    }
    default:
      return change(pattern);
  }
}

type CharTest = (part: Char, char: string) => boolean;

/** Classes are asked of the engine itself. */
function charTest(caseInsensitive: boolean): CharTest {
  const flags = caseInsensitive ? RE2JS.CASE_INSENSITIVE : 0;
  const classes = new Map<string, RE2JS>();
  return ({ source, literal: own }, char) => {
    if (own !== undefined) return caseInsensitive ? own.toLowerCase() === char : own === char;
    let known = classes.get(source);
    if (!known) classes.set(source, (known = RE2JS.compile(source, flags)));
    return known.matches(char);
  };
}
