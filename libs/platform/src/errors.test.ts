import { describe, expect, it } from '@jest/globals';
import { TierdeckError, toPublicError } from './errors.js';

describe('what a border shows of an error', () => {
  const error = new TierdeckError(
    'DATABASE_UNREACHABLE',
    'PostgreSQL at 10.0.0.7 does not answer.',
    503,
    { hint: 'Check TIERDECK_DATABASE_URL.', details: { host: '10.0.0.7' } },
    'operator',
  );

  it('keeps the inside from a caller, who can do nothing about it', () => {
    const shown = toPublicError(error);
    expect(shown).toMatchObject({ code: 'DATABASE_UNREACHABLE', httpStatus: 503 });
    expect(JSON.stringify(shown)).not.toMatch(/10\.0\.0\.7|TIERDECK_/);
  });

  it('tells the operator what is wrong and what to do', () => {
    expect(toPublicError(error, 'operator')).toMatchObject({
      message: 'PostgreSQL at 10.0.0.7 does not answer.',
      hint: 'Check TIERDECK_DATABASE_URL.',
    });
  });

  it('shows nobody the message of what was not expected', () => {
    for (const reader of ['caller', 'operator'] as const) {
      expect(toPublicError(new Error('select secret from'), reader)).toMatchObject({ code: 'INTERNAL' });
      expect(toPublicError(new Error('select secret from'), reader).message).not.toContain('select');
    }
  });
});
