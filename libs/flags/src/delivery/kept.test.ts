import { describe, expect, it } from '@jest/globals';
import { Kept } from './kept.js';

describe('what is kept', () => {
  it('is bounded, and goes in the order in which it was asked for', () => {
    const kept = new Kept<number>(3);
    for (const [index, key] of ['a', 'b', 'c'].entries()) kept.set(key, index);
    expect(kept.get('a')).toBe(0);
    expect(kept.getOr('d', () => 3)).toBe(3);
    expect(['a', 'b', 'c', 'd'].map((key) => kept.get(key))).toEqual([0, undefined, 2, 3]);
    expect(kept.getOr('a', () => 9)).toBe(0);
    kept.clear();
    expect(kept.get('a')).toBeUndefined();
  });
});
