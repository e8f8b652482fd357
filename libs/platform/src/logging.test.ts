import { describe, expect, it, jest } from '@jest/globals';
import { pino, type DestinationStream } from 'pino';
import { createLogger } from './logging.js';

describe('the log', () => {
  it('holds no secret of what failed: no token, no password, no parameter of a statement', () => {
    const logger = createLogger('test', 'error');
    const stream = (logger as unknown as Record<symbol, DestinationStream>)[pino.symbols.streamSym];
    const write = jest.spyOn(stream as DestinationStream, 'write').mockImplementation(() => undefined);
    const failed = Object.assign(new Error('statement failed'), {
      query: 'insert into sdk_token values ($1)',
      parameters: ['the-parameter'],
      driverError: { connectionString: 'postgres://the-login' },
    });
    logger.error({ err: failed, request: { headers: { authorization: 'the-token' } } }, 'refused');
    const [line] = write.mock.calls[0] ?? [];
    expect(line).toContain('insert into sdk_token');
    expect(line).not.toMatch(/the-parameter|the-login|the-token/);
  });
});
