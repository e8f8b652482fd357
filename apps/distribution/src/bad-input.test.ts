import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { of, RunningService } from './distribution.fixture.js';

describe('bad input', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());

  it.each([
    ['broken JSON', '{"account": ', 400, 'INVALID_INPUT', undefined],
    ['no lines', { account: 'ACME', lines: [] }, 400, 'INVALID_INPUT', 'lines'],
    ['a fraction', of('ACME', 'PEN', 1.5), 400, 'INVALID_INPUT', 'lines.0.quantity'],
    [
      'a quantity as text',
      { account: 'ACME', lines: [{ sku: 'PEN', quantity: '1' }] },
      400,
      'INVALID_INPUT',
      'lines.0.quantity',
    ],
    ['a zero byte', of('AC\0ME', 'PEN', 1), 400, 'INVALID_INPUT', 'account'],
    [
      'an impossible day',
      { ...of('ACME', 'PEN', 1), requestedDate: '2026-02-30' },
      400,
      'INVALID_INPUT',
      'requestedDate',
    ],
    ['an unknown account', of('NOBODY', 'PEN', 1), 422, 'ACCOUNT_NOT_FOUND', 'account'],
    ['an unknown branch', { ...of('ACME', 'PEN', 1), branch: 'rome' }, 422, 'BRANCH_NOT_FOUND', 'branch'],
    ['an unknown item', of('ACME', 'NOTHING', 1), 422, 'ITEM_NOT_FOUND', 'lines.0.sku'],
    ['a part that is not sold', of('ACME', 'PART', 1), 422, 'ITEM_NOT_SALEABLE', 'lines.0.sku'],
    [
      'an unknown unit',
      { account: 'ACME', lines: [{ sku: 'PEN', quantity: 1, uom: 'KG' }] },
      422,
      'PRICE_INPUT_INVALID',
      'lines.0.uom',
    ],
    [
      'another currency',
      { ...of('ACME', 'PEN', 1), currency: 'USD' },
      422,
      'PRICE_INPUT_INVALID',
      'lines.0.currency',
    ],
    ['a huge body', 'x'.repeat(300_000), 413, 'BODY_TOO_LARGE', undefined],
  ])('such as %s is refused and leaves nothing', async (_, body, status, code, field) => {
    const before = await service.count(service.north, 'sales_order');
    const answer = await service.refusedOrder(service.north, body);
    expect({ status: answer.status, code: answer.body.error.code, field: answer.body.error.field }).toEqual({
      status,
      code,
      field,
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/select |insert |\.ts:|\.js:/i);
    expect(await service.count(service.north, 'sales_order')).toBe(before);
  });

  it('in headers, paths and queries is refused as well', async () => {
    const key = await service.refusedOrder(service.north, of('ACME', 'PEN', 1), { 'idempotency-key': 'a b' });
    expect([key.status, key.body.error.field]).toEqual([400, 'Idempotency-Key']);
    expect((await service.call(service.north, '/inventory/%00')).status).toBe(400);
    expect((await service.call(service.north, '/inventory/NOTHING')).body.error.code).toBe('ITEM_NOT_FOUND');
    expect((await service.call(service.north, '/items?limit=100000')).body.error.field).toBe('limit');
    expect((await service.call(service.north, '/nowhere')).body.error.code).toBe('NOT_FOUND');
  });

  it('of a sum beyond every account book is refused, not rounded', async () => {
    await service.data.asTenant(
      service.north,
      `update item set list_price = 999999999999 where sku = 'PEN' and tenant_id = $1`,
      [service.north.id],
    );
    const answer = await service.refusedOrder(service.north, of('ACME', 'PEN', 10_000_000));
    expect([answer.status, answer.body.error.code]).toEqual([422, 'PRICE_INPUT_INVALID']);
    await service.data.asTenant(
      service.north,
      `update item set list_price = 0.05 where sku = 'PEN' and tenant_id = $1`,
      [service.north.id],
    );
  });

  it.each([
    ['malformed', '/orders/%ff', 400],
    ['too long', `/orders/${'a'.repeat(500)}`, 414],
  ])('in an address that is %s is refused in the form of every error', async (_, path, status) => {
    const answer = await service.call(service.north, path);
    expect([answer.status, answer.body]).toEqual([
      status,
      { error: { code: 'INVALID_INPUT', message: 'The address is malformed or too long.' } },
    ]);
  });
});
