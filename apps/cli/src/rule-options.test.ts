import { describe, expect, it } from '@jest/globals';
import { constraintText, parseConstraint, parseProperties } from './rule-options.js';

describe('conditions on the command line', () => {
  it('are read with a list or one value, as the operator takes it', () => {
    expect(parseConstraint('region IN eu, us')).toMatchObject({
      contextName: 'region',
      operator: 'IN',
      values: ['eu', 'us'],
      inverted: false,
    });
    expect(parseConstraint('not email str_ends_with @example.com')).toMatchObject({
      contextName: 'email',
      operator: 'STR_ENDS_WITH',
      values: ['@example.com'],
      inverted: true,
    });
    const anyCase = 'not any-case email STR_ENDS_WITH @a.com,@b.com';
    expect(parseConstraint(anyCase)).toMatchObject({ inverted: true, caseInsensitive: true });
    expect(constraintText(parseConstraint(anyCase))).toBe(anyCase);
    expect(parseConstraint('email REGEX ^a b,c$')).toMatchObject({ operator: 'REGEX', value: '^a b,c$' });
    expect(() => parseConstraint('region')).toThrow('is no constraint');
  });

  it('take properties with a value that has an equals sign', () => {
    expect(parseProperties(['a=b=c', 'd='])).toEqual({ a: 'b=c', d: '' });
    expect(() => parseProperties(['=b'])).toThrow('is no property');
  });
});
