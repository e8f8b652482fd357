import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '#platform';
import type { KpiObservation, RuntimeTenant, TenantScope } from '#runtime';
import { createJobRuntime, type JobRuntime } from '../../../../../test/support/job-runtime.js';
import { legacyDecisions, type FlagDecider } from '../../decisions/decisions.js';
import { claimJob, enqueueJob } from '../../jobs/job-queue.js';
import { runJob, type JobOutcome } from '../../jobs/run-job.js';
import type { InboundOrder, InboundOrderLine } from '../inbound-order.js';
import { write850, writeOrders } from '../index.js';
import { ediAnswer } from './edi-answer.js';
import { EdiIntake } from './edi-intake.js';
import { ediOrderJob } from './edi-order-job.js';
import { EdiOrderHandler } from './edi-order.handler.js';
import { readEdiInterchange } from './edi.read-model.js';

const logger = createLogger('test', 'silent');
const flags: FlagDecider = { decide: () => legacyDecisions };
const at = new Date('2026-05-06T07:08:00Z');

/** ACME sends X12 and names items by our number or its own; PARIS sends EDIFACT and takes no other price than its own. */
const partners = `
  update item set barcode = '4006381333931' where sku = 'MUG';
  insert into edi_partner (code, name, standard, qualifier, identifier, account, profile) values
    ('acme', 'Acme', 'X12', 'ZZ', 'ACME', 'ACME', '{"version": "004010", "items": {"THEIR-MUG": "MUG"}}'),
    ('whole', 'Whole', 'X12', 'ZZ', 'WHOLE', 'WHOLE', '{}'),
    ('paris', 'Paris', 'EDIFACT', '14', 'PARIS', 'PARIS', '{"onPriceMismatch": "REJECT", "priceTolerancePercent": 5}'),
    ('sample', 'node-x12', 'X12', '12', '4405197800', 'ACME', '{}')`;

describe('EDI orders', () => {
  let host: JobRuntime;
  let scope: TenantScope;
  let tenant: RuntimeTenant;
  let intake: EdiIntake;
  let kpis: KpiObservation[] = [];
  let number = 0;

  beforeAll(async () => {
    host = await createJobRuntime(['north', 'south']);
    for (const one of host.data.tenants) await host.data.asTenant(one, partners);
    ({ scope, served: tenant } = host.tenant('north'));
    const recordKpi = (observation: KpiObservation): void => void kpis.push(observation);
    intake = new EdiIntake(
      {
        database: (served) => host.runtime.database(served),
        quota: (served, kind) => host.runtime.quota(served, kind),
        recordKpi,
      },
      flags,
    );
  });
  afterAll(() => host.stop());
  beforeEach(() => {
    kpis = [];
  });

  const line = (sku: string, quantity: string, extra: Partial<InboundOrderLine> = {}): InboundOrderLine => ({
    number: '1',
    items: [{ qualifier: 'VN', value: sku }],
    quantity,
    unit: 'EA',
    unitPrice: null,
    priceBasis: 'NET',
    description: null,
    ...extra,
  });
  const orderOf = (
    sender: string,
    lines: InboundOrderLine[],
    extra: Partial<InboundOrder> = {},
  ): InboundOrder => {
    number += 1;
    const x12 = sender !== 'PARIS';
    return {
      standard: x12 ? 'X12' : 'EDIFACT',
      version: x12 ? '004010' : 'D.96A',
      sender: { qualifier: x12 ? 'ZZ' : '14', id: sender },
      receiver: { qualifier: 'ZZ', id: 'TIERDECK' },
      test: false,
      control: { interchange: String(number), group: x12 ? String(number) : null, message: '1' },
      purchaseOrder: `PO-${number}`,
      orderDate: '2026-05-01',
      requestedDate: '2026-05-20',
      currency: null,
      parties: [],
      lines: lines.map((one, index) => ({ ...one, number: String(index + 1) })),
      ...extra,
    };
  };
  const write = (order: InboundOrder): Buffer =>
    Buffer.from(order.standard === 'X12' ? write850([order], at) : writeOrders([order], at));
  const send = (document: Buffer, to = tenant) => intake.receive(to, document);

  /** Does all jobs there are, as a worker would. */
  async function work(on = scope, as = tenant): Promise<JobOutcome[]> {
    const handler = new EdiOrderHandler({ flags, recordKpi: (one) => void kpis.push(one), now: () => at });
    const outcomes: JobOutcome[] = [];
    for (;;) {
      const { job } = await claimJob(on, { holder: 'test', leaseMs: 60_000, cap: 10 });
      if (!job) return outcomes;
      outcomes.push(
        await runJob(job, { scope: on, tenant: as, logger, handlers: new Map([[ediOrderJob, handler]]) }),
      );
    }
  }
  const rows = async (sql: string, parameters: unknown[] = []) => (await scope.query(sql, parameters)).rows;
  /** Sends an order, does its job, and returns our answer to it. */
  async function trade(
    order: InboundOrder,
  ): Promise<{ response: string; orders: Record<string, unknown>[] }> {
    const receipt = await send(write(order));
    expect(receipt).toMatchObject({ httpStatus: 202, problems: [] });
    expect(await work()).toEqual(['DONE']);
    const view = await readEdiInterchange(scope, receipt.interchanges[0]?.id ?? '');
    const orders = await rows(
      `select o.id, o.status, o.account, o.channel, o.purchase_order, to_char(o.requested_date, 'YYYY-MM-DD') as requested,
              (select jsonb_agg(jsonb_build_array(l.item, l.qty, l.unit_price::float8) order by l.line_no)
               from sales_order_line l where l.order_id = o.id) as lines
       from sales_order o where o.edi_interchange_id = $1`,
      [view?.id],
    );
    expect(view?.documents).toHaveLength(2);
    return { response: view?.documents[1]?.body ?? '', orders };
  }

  test('an 850 is acknowledged, becomes a sales order, and is answered with an 855', async () => {
    const order = orderOf('ACME', [line('MUG', '3', { unitPrice: '8' }), line('PEN', '100')]);
    const receipt = await send(write(order));
    expect(receipt.interchanges[0]).toMatchObject({ status: 'ACCEPTED', orders: 1 });
    const answer = ediAnswer(receipt, undefined);
    expect([answer.status, answer.contentType]).toEqual([202, 'application/edi-x12; charset=utf-8']);
    expect(answer.body).toMatch(/ST\*997\*.*AK5\*A~.*AK9\*A\*1\*1\*1~/s);
    expect(await work()).toEqual(['DONE']);
    const [placed] = await rows(
      `select o.*, (select count(*)::int from sales_order_line l where l.order_id = o.id) as lines
       from sales_order o where purchase_order = $1`,
      [order.purchaseOrder],
    );
    expect(placed).toMatchObject({ account: 'ACME', channel: 'EDI', status: 'ALLOCATED', lines: 2 });
    const view = await readEdiInterchange(scope, receipt.interchanges[0]?.id ?? '');
    expect(view).toMatchObject({
      status: 'ACCEPTED',
      partner: 'acme',
      jobs: [{ status: 'DONE', orderId: placed?.['id'] }],
      documents: [{ kind: '997' }, { kind: '855', orderId: placed?.['id'] }],
    });
    expect(view?.documents[1]?.body).toMatch(
      new RegExp(
        `BAK\\*00\\*AD\\*${order.purchaseOrder}\\*.*ACK\\*IA\\*3\\*EA~.*ACK\\*IA\\*100\\*EA~.*CTT\\*2~`,
        's',
      ),
    );
    expect(kpis).toMatchObject([
      { ediAccepted: 1, ediRejected: 0 },
      { ordersAccepted: 1, lines: 2, branch: 'berlin' },
    ]);
  });

  test('an ORDERS is acknowledged with CONTRL and answered with ORDRSP', async () => {
    const order = orderOf('PARIS', [line('MUG', '2', { unitPrice: '10', unit: 'PCE' })]);
    const receipt = await send(write(order));
    const answer = ediAnswer(receipt, '*/*');
    expect([answer.status, answer.contentType]).toEqual([202, 'application/edifact; charset=utf-8']);
    expect(answer.body).toMatch(/UCI\+\d+\+PARIS:14\+TIERDECK:ZZ\+7'/);
    expect(await work()).toEqual(['DONE']);
    const view = await readEdiInterchange(scope, receipt.interchanges[0]?.id ?? '');
    expect(view?.documents.map(({ kind }) => kind)).toEqual(['CONTRL', 'ORDRSP']);
    expect(view?.documents[1]?.body).toMatch(
      /BGM\+231\+[0-9A-Z]{25}\+29'.*RFF\+ON:PO-\d+'.*LIN\+1\+5'.*QTY\+113:2:PCE'/s,
    );
  });

  test('items are found by our number, the barcode and the partner’s own; units are its own', async () => {
    const { response, orders } = await trade(
      orderOf('ACME', [
        line('x', '2', { items: [{ qualifier: 'UK', value: '4006381333931' }] }),
        line('x', '1', { items: [{ qualifier: 'BP', value: 'THEIR-MUG' }] }),
        line('USB-1', '1', { unit: 'CA' }),
      ]),
    );
    expect(orders[0]?.['lines']).toMatchObject([
      ['MUG', 2, expect.anything()],
      ['MUG', 1, expect.anything()],
      ['USB-1', 12, expect.anything()],
    ]);
    expect(response).toMatch(/ACK\*IA\*2\*EA~.*ACK\*IA\*1\*EA~.*ACK\*IA\*1\*CA~/s);
  });

  test('lines that cannot be taken are refused with the reason, the others ordered', async () => {
    const { response, orders } = await trade(
      orderOf('ACME', [
        line('NO-SUCH', '1'),
        line('PEN', '5', { unit: 'KG' }),
        line('PEN', '1.5'),
        line('PEN', '7'),
      ]),
    );
    expect(orders).toMatchObject([{ lines: [['PEN', 7, 0.05]] }]);
    expect(response).toMatch(
      /BAK\*00\*AC.*ACK\*R2\*0\*EA~.*No item is known by VN NO-SUCH.*ACK\*R3\*0\*KG~.*ACK\*IR\*0\*EA~.*ACK\*IA\*7\*EA~/s,
    );
  });

  test('an order without a line that can be taken is rejected, and no sales order made', async () => {
    const { response, orders } = await trade(orderOf('ACME', [line('NO-SUCH', '1')]));
    expect(orders).toEqual([]);
    expect(response).toMatch(/BAK\*00\*RD.*ACK\*R2\*0/s);
    expect(kpis.at(-1)).toMatchObject({ ordersRejected: 1 });
  });

  test('another price is taken at ours and said so, or refused where the partner wants that', async () => {
    const taken = await trade(orderOf('ACME', [line('MUG', '1', { unitPrice: '5' })]));
    expect(taken.orders).toMatchObject([{ lines: [['MUG', 1, expect.any(Number)]] }]);
    expect(taken.response).toMatch(/PO1\*1\*1\*EA\*8(\.00)?\*PE.*ACK\*IP\*1\*EA~.*the order says 5\.00/s);
    const refused = await trade(
      orderOf('PARIS', [line('MUG', '1', { unitPrice: '9' }), line('MUG', '2', { unitPrice: '10.4' })]),
    );
    expect(refused.orders).toMatchObject([{ lines: [['MUG', 2, 10]] }]);
    expect(refused.response).toMatch(/LIN\+1\+7'.*LIN\+2\+5'/s);
  });

  test('what is not in stock is backordered and said so; an account of whole lines is refused it', async () => {
    const partly = await trade(orderOf('ACME', [line('MUG', '5000')]));
    expect(partly.response).toMatch(/ACK\*(BP|IB)\*\d+\*EA~.*on backorder/s);
    expect(partly.orders).toMatchObject([{ lines: [['MUG', 5000, expect.any(Number)]] }]);
    const whole = await trade(orderOf('WHOLE', [line('MUG', '5000'), line('PEN', '1')]));
    expect(whole.orders).toMatchObject([{ lines: [['PEN', 1, 0.05]] }]);
    expect(whole.response).toMatch(/ACK\*IR\*0\*EA~.*too little stock.*ACK\*IA\*1/s);
  });

  test('a transmission sent twice is one order, and gets the same answer', async () => {
    const document = write(orderOf('ACME', [line('PEN', '1')]));
    const [first, second] = await Promise.all([send(document), send(document)]);
    const receipts = [first, second].map(({ interchanges }) => interchanges[0]);
    expect(new Set(receipts.map((receipt) => receipt?.status))).toEqual(new Set(['ACCEPTED', 'DUPLICATE']));
    expect(receipts[0]?.acknowledgement?.body).toBe(receipts[1]?.acknowledgement?.body);
    expect(await work()).toEqual(['DONE']);
    expect(await send(document)).toMatchObject({ httpStatus: 202, interchanges: [{ status: 'DUPLICATE' }] });
    expect(await work()).toEqual([]);
    expect(kpis.filter(({ ediAccepted }) => ediAccepted)).toHaveLength(1);
  });

  test('another document under a control number that was used is a conflict', async () => {
    const order = orderOf('ACME', [line('PEN', '1')]);
    await send(write(order));
    const receipt = await send(write({ ...order, purchaseOrder: 'ANOTHER' }));
    expect(receipt).toMatchObject({
      httpStatus: 409,
      problems: [{ code: 'CONTROL_NUMBER_REPLAYED', segment: 'ISA' }],
    });
    expect(receipt.interchanges[0]?.acknowledgement?.body).toMatch(/TA1\*\d{9}\*\d{6}\*\d{4}\*R\*025~/);
    expect(JSON.parse(ediAnswer(receipt, undefined).body)).toMatchObject({
      error: { code: 'EDI_CONTROL_NUMBER_REUSED' },
    });
    await work();
  });

  test('the number of a refused document may be used for the mended one', async () => {
    const order = orderOf('ACME', [line('PEN', '1')]);
    const broken = Buffer.from(
      write(order)
        .toString()
        .replace(/CTT\*1/, 'CTT*2'),
    );
    expect(await send(broken)).toMatchObject({
      httpStatus: 422,
      problems: [{ segment: 'CTT', element: 'CTT01' }],
    });
    expect(await send(write(order))).toMatchObject({ httpStatus: 202 });
    expect(await work()).toEqual(['DONE']);
  });

  test('a purchase order that comes again under another control number is not ordered twice', async () => {
    const order = orderOf('ACME', [line('PEN', '1')]);
    await trade(order);
    const again = await trade({ ...order, control: { ...order.control, interchange: '777777' } });
    expect(again.orders).toEqual([]);
    expect(again.response).toMatch(/BAK\*00\*RD.*was taken before/s);
  });

  test('a sender that is no partner is refused', async () => {
    const receipt = await send(write(orderOf('STRANGER', [line('PEN', '1')])));
    expect(receipt).toMatchObject({
      httpStatus: 422,
      problems: [{ code: 'UNKNOWN_PARTNER', element: 'ISA06' }],
    });
    expect(receipt.interchanges[0]?.acknowledgement?.body).toMatch(/TA1.*\*R\*006~/);
  });

  test('every negative sample is refused with segment, reason and negative acknowledgement, and queues nothing', async () => {
    await host.data.asTenant(
      host.tenant('north').test,
      `insert into edi_partner (code, name, standard, qualifier, identifier, account)
       values ('oboe', 'OBOE', 'EDIFACT', '01', '003897733', 'ACME')`,
    );
    const folder = 'test/fixtures/edi/negative';
    for (const name of readdirSync(folder)) {
      const answer = ediAnswer(await send(readFileSync(`${folder}/${name}`)), undefined);
      expect(answer.status).toBe(422);
      const body = JSON.parse(answer.body) as {
        problems: { segment: string; reason: string; code: string }[];
        interchanges: { acknowledgement: { kind: string; body: string } }[];
      };
      expect(body.problems.length).toBeGreaterThan(0);
      for (const { segment, reason } of body.problems) expect([segment, reason]).not.toContain('');
      expect(body.problems.map(({ code }) => code)).not.toContain('UNKNOWN_PARTNER');
      expect(body.interchanges[0]?.acknowledgement).toMatchObject({ kind: 'CONTRL' });
      expect(body.interchanges[0]?.acknowledgement.body).toMatch(/UCI\+00000000000916\+.*\+4\+/);
      const raw = ediAnswer(await send(readFileSync(`${folder}/${name}`)), 'application/edifact');
      expect([raw.status, raw.contentType]).toEqual([422, 'application/edifact; charset=utf-8']);
    }
    expect(await work()).toEqual([]);
  });

  test('a real 850 of a partner is worked through; its copy in the same transmission is a duplicate', async () => {
    const receipt = await send(readFileSync('test/fixtures/edi/x12/nodex12-850_fat.edi'));
    expect(receipt.interchanges.map(({ status }) => status)).toEqual(['ACCEPTED', 'DUPLICATE']);
    expect(await work()).toEqual(['DONE']);
    const view = await readEdiInterchange(scope, receipt.interchanges[0]?.id ?? '');
    expect(view?.documents.at(-1)?.body).toMatch(/BAK\*00\*RD\*08292233294\*20101127.*(ACK\*R2.*){6}/s);
  });

  test('bytes that are no EDI, that hold NUL or no end, are answered and store nothing wrong', async () => {
    const order = write(orderOf('ACME', [line('PEN', '1')])).toString();
    for (const [document, status] of [
      ['hello', 422],
      ['', 422],
      [order.replace('PEN', 'P\0N'), 422],
      [order.slice(0, 150), 422],
      [`${order}${'x'.repeat(5_000_000)}`, 413],
    ] as const) {
      const answer = ediAnswer(await send(Buffer.from(document)), undefined);
      expect(answer.status).toBe(status);
      expect(JSON.parse(answer.body)).toHaveProperty('error.code');
    }
    expect(await work()).toEqual([]);
  });

  test('a full queue takes nothing: not the interchange either', async () => {
    const full = new EdiIntake(
      {
        database: (served) => host.runtime.database(served),
        quota: () => ({ kind: 'JOBS_QUEUED', limit: 0, burst: null, hard: true }),
        recordKpi: () => undefined,
      },
      flags,
    );
    const document = write(orderOf('ACME', [line('PEN', '1')]));
    await expect(full.receive(tenant, document)).rejects.toMatchObject({ code: 'JOB_QUEUE_FULL' });
    expect(await send(document)).toMatchObject({ httpStatus: 202, interchanges: [{ status: 'ACCEPTED' }] });
    await work();
  });

  test('a job that points at another tenant’s interchange, or nowhere, is dead and changes nothing', async () => {
    const receipt = await send(write(orderOf('ACME', [line('PEN', '1')])));
    const south = host.tenant('south');
    const interchangeId = receipt.interchanges[0]?.id ?? '';
    for (const payload of [{ interchangeId, order: 0, tenantId: tenant.id }, { interchangeId: 'x' }, {}]) {
      await south.scope.transaction((tx) => enqueueJob(tx, { kind: ediOrderJob, payload }));
    }
    expect(await work(south.scope, south.served)).toEqual(['DEAD', 'DEAD', 'DEAD']);
    expect((await south.scope.query('select 1 from sales_order')).rowCount).toBe(0);
    expect((await south.scope.query('select 1 from edi_outbound')).rowCount).toBe(0);
    expect(await work()).toEqual(['DONE']);
  });

  test('documents to a partner are numbered without gap or repetition', async () => {
    const numbers = (
      await rows(`select control_number::int as n from edi_outbound where partner = 'acme' order by 1`)
    ).map((row) => row['n']);
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});
