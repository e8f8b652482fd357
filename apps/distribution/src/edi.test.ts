import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestTenant } from '../../../test/support/distribution-tenants.js';
import { RunningService } from './distribution.fixture.js';

describe('EDI', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start();
  });
  afterAll(() => service.stop());

  // X12 850 of partner TAILSPIN: two mugs by our item number.
  const document = (control: string): string =>
    [
      `ISA*00*          *00*          *ZZ*TAILSPIN       *ZZ*NORTH          *261123*1200*U*00401*${control}*0*P*>`,
      'GS*PO*TAILSPIN*NORTH*20261123*1200*1*X*004010',
      'ST*850*0001',
      `BEG*00*SA*PO-${control}**20261123`,
      'PO1*1*2*EA***VN*MUG',
      'CTT*1',
      'SE*5*0001',
      'GE*1*1',
      `IEA*1*${control}`,
      '',
    ].join('~');
  const send = async (tenant: TestTenant, body: string, type = 'application/edi-x12') => {
    const answer = await fetch(new URL('/edi', service.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${tenant.token}`, 'content-type': type },
      body,
    });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };

  it('is answered with its 997, stored and queued once however often it is sent', async () => {
    const first = await send(service.north, document('000000101'));
    expect([first.status, first.type]).toEqual([202, expect.stringContaining('edi-x12')]);
    expect(first.text).toContain('ST*997*');
    expect((await send(service.north, document('000000101'))).text).toBe(first.text);
    expect(await service.count(service.north, 'integration_job')).toBe(1);
    const [stored] = await service.data.asTenant(
      service.north,
      'select id from edi_interchange where tenant_id = $1',
      [service.north.id],
    );
    const read = await service.call<{ jobs: object[] }>(service.north, `/edi/${String(stored?.['id'])}`);
    expect(read.body.jobs).toEqual([expect.objectContaining({ status: 'QUEUED' })]);
    expect((await service.call(service.south, `/edi/${String(stored?.['id'])}`)).status).toBe(404);
  });

  it('that is broken or of another kind is refused', async () => {
    const broken = await send(service.north, document('000000102').replace('SE*5', 'SE*7'));
    expect(broken.status).toBe(422);
    expect(JSON.parse(broken.text)).toMatchObject({ error: { code: 'EDI_REFUSED' } });
    expect((await send(service.north, '{}', 'application/json')).status).toBe(415);
    expect((await send(service.north, '<order/>', 'application/xml')).status).toBe(415);
  });
});
