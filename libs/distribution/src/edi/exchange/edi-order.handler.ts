import type { KpiObservation } from '#runtime';
import type { FlagDecider } from '../../decisions/decisions.js';
import { PermanentJobError, type JobContext, type JobHandler } from '../../jobs/index.js';
import { respondToOrder } from '../acknowledge.js';
import { readEdi } from '../read-edi.js';
import { acceptedOrders } from '../reading.js';
import { ediOrderJob, ediOrderPayload } from './edi-order-job.js';
import { insertOutbound, markProcessed, nextControlNumber, readInterchangeText } from './edi.store.js';
import { findPartner } from './partner.js';
import { placeEdiOrder } from './place-edi-order.js';

export interface EdiOrderHandlerOptions {
  flags: FlagDecider;
  recordKpi: (observation: KpiObservation) => void;
  now?: () => Date;
}

/**
 * Job `edi.order`: makes the sales order and writes the 855 or ORDRSP into the outbox, in the job's own transaction.
 * The payload only points at the stored interchange; row-level security lets it point at the tenant's own alone.
 */
export class EdiOrderHandler implements JobHandler {
  readonly kind = ediOrderJob;

  constructor(private readonly options: EdiOrderHandlerOptions) {}

  async handle({ tx, tenant, job, afterCommit }: JobContext): Promise<unknown> {
    const payload = ediOrderPayload.safeParse(job.payload);
    if (!payload.success) throw new PermanentJobError('The payload names no interchange.');
    const { interchangeId, order: index } = payload.data;
    const text = await readInterchangeText(tx, interchangeId);
    if (text === null) throw new PermanentJobError(`There is no interchange ${interchangeId}.`);
    const interchange = readEdi(text).interchanges[0];
    const order = interchange && acceptedOrders(interchange)[index];
    if (!order) throw new PermanentJobError(`Interchange ${interchangeId} has no order ${index}.`);
    const partner = await findPartner(tx, order.standard, order.sender);
    if (!partner) throw new PermanentJobError(`The sender ${order.sender.id} is no partner any more.`);

    const placed = await placeEdiOrder(tx, tenant, this.options.flags, order, partner, interchangeId);
    const control = await nextControlNumber(tx, partner.code);
    const document = respondToOrder(placed.response, control, (this.options.now ?? (() => new Date()))());
    const outboundId = await insertOutbound(tx, document, {
      partner: partner.code,
      interchangeId,
      orderId: placed.orderId,
      control,
    });
    await markProcessed(tx, interchangeId);
    afterCommit(() => this.options.recordKpi(placed.observation));
    return { orderId: placed.orderId, outcome: placed.response.outcome, outboundId, kind: document.kind };
  }
}
