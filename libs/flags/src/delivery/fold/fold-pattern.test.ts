import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { foldPattern } from './fold-pattern.js';

const seed = Number(process.env['TIERDECK_TEST_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = 3_000;
const prefix = 'cab/';

/** Few characters, so that patterns and values meet often. */
const { pattern } = fc.letrec<{ pattern: string; sequence: string; one: string }>((tie) => ({
  pattern: fc.oneof(
    { weight: 3, arbitrary: tie('sequence') },
    fc.array(tie('sequence'), { minLength: 2, maxLength: 3 }).map((parts) => parts.join('|')),
  ),
  sequence: fc
    .array(
      fc
        .tuple(tie('one'), fc.constantFrom('', '', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,}', '+?'))
        .map(([one, times]) => (/^[\^$]$/.test(one) ? one : one + times)),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
  one: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      'b',
      '/',
      '/',
      'B',
      String.raw`\/`,
      '.',
      '[ab]',
      '[^a]',
      '[a-c/]',
      String.raw`\w`,
      '^',
      '$',
    ),
    fc.constantFrom('ab/', 'ba/', 'cab/', '^cab/', '^ba/', '(ba|cab)/', '(?:ab|ca)'),
    tie('pattern').map((inner) => `(${inner})`),
  ),
}));
const code = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'B', '-'), minLength: 1, maxLength: 5 });

describe(`patterns as a tenant gets them, seed ${seed}`, () => {
  beforeAll(() => console.info(`fold-pattern.test.ts: TIERDECK_TEST_SEED=${seed}`));

  function finds(source: string | undefined, value: string, caseInsensitive: boolean): boolean {
    if (source === undefined) return false;
    return RE2JS.compile(source, caseInsensitive ? RE2JS.CASE_INSENSITIVE : 0)
      .matcher(value)
      .find();
  }

  it('match the same units of the tenant, and the same users of no tenant', () => {
    let [changed, matched] = [0, 0];
    fc.assert(
      fc.property(
        pattern,
        fc.array(code, { minLength: 3, maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        (source, codes, caseInsensitive, others) => {
          const folded = foldPattern(source, prefix, caseInsensitive, others);
          if (folded !== source) changed += 1;
          const values = codes.map((one) => prefix + one);
          for (const value of others ? [...values, ...codes] : values) {
            const expected = finds(source, value, caseInsensitive);
            const found = finds(folded, value, caseInsensitive);
            if (found !== expected)
              expect({ source, folded, value, found }).toEqual({ source, folded, value, found: expected });
            if (expected && folded !== source) matched += 1;
          }
        },
      ),
      { numRuns, seed },
    );
    // The sample has something to tell apart.
    expect(changed).toBeGreaterThan(numRuns / 10);
    expect(matched).toBeGreaterThan(numRuns / 20);
  });

  it('leave what is not looked into as it is', () => {
    for (const source of ['(?i)ba/', String.raw`\bba/`, String.raw`\Qba/\E`, 'ba/(', 'a**', ')', ''])
      expect(foldPattern(source, prefix, false, false)).toBe(source);
  });

  it('do not grow beyond what is worth sending', () => {
    const source = `^(.*${'(a|b|/)?'.repeat(40)}){3}ba/`;
    expect((foldPattern(source, prefix, false, false) ?? '').length).toBeLessThanOrEqual(2_000);
  });
});
