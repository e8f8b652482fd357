import { describe, expect, it } from '@jest/globals';
import { requestLoader } from './request-loader.js';

/** MT-05: what one request loaded is never handed to another one. */
describe('a data loader of a request', () => {
  it('batches within a request, never across two, and keeps nothing', async () => {
    const batches: string[][] = [];
    let owner = 'first';
    const loader = requestLoader((keys: readonly string[]) => {
      batches.push([...keys]);
      return Promise.resolve(keys.map((key) => `${owner} ${key}`));
    });
    const [one, other] = [{}, {}];
    await Promise.all([loader(one).load('a'), loader(other).load('a'), loader(one).load('b')]);
    expect(batches).toEqual([['a', 'b'], ['a']]);
    expect(loader(one)).not.toBe(loader(other));
    // The context of a WebSocket lives on: a later event must not see what an earlier one loaded.
    owner = 'second';
    expect(await loader(one).load('a')).toBe('second a');
  });
});
