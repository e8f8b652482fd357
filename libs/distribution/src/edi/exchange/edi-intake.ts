import type { KpiObservation, RuntimeTenant, TenantQueryable, TierdeckRuntime } from '#runtime';
import type { FlagDecider } from '../../decisions/decisions.js';
import { enqueueJob } from '../../jobs/index.js';
import { acknowledgeInterchange, type EdiDocument } from '../acknowledge.js';
import { problem, type EdiProblem } from '../problem.js';
import { readEdi } from '../read-edi.js';
import {
  acceptedOrders,
  problemsOfInterchange,
  type EdiReading,
  type InterchangeReading,
} from '../reading.js';
import { ediOrderJob, type EdiOrderPayload } from './edi-order-job.js';
import {
  digestOf,
  insertInterchange,
  insertOutbound,
  nextControlNumber,
  readAcknowledgement,
  type InterchangeStatus,
} from './edi.store.js';
import { findPartner, type EdiPartner } from './partner.js';

/** What the intake needs of the runtime; {@link TierdeckRuntime} is one. */
export type IntakeRuntime = Pick<TierdeckRuntime, 'database' | 'quota' | 'recordKpi'>;

/** DUPLICATE: the same transmission came before; CONFLICT: another one did under its control number. */
export type ReceiptStatus = Exclude<InterchangeStatus, 'RECEIVED'> | 'DUPLICATE' | 'CONFLICT';

export interface InterchangeReceipt {
  /** Id of the stored interchange. */
  id: string;
  control: string;
  status: ReceiptStatus;
  /** Orders that were queued. */
  orders: number;
  problems: EdiProblem[];
  acknowledgement: EdiDocument | null;
}

/** What became of a transmission. */
export interface EdiReceipt {
  /** 202 something was taken (or had been before), 409 control number reused, 413 too large, 422 refused. */
  httpStatus: 202 | 409 | 413 | 422;
  interchanges: InterchangeReceipt[];
  problems: EdiProblem[];
}

/**
 * Takes EDI documents in: checks them, stores each interchange with its acknowledgement and queues a job for each of
 * its orders, all in one transaction. So an acknowledged order is never lost, and one sent twice is queued once.
 */
export class EdiIntake {
  constructor(
    private readonly runtime: IntakeRuntime,
    private readonly flags: FlagDecider,
  ) {}

  /** @throws JobQueueFullError; then nothing was stored. */
  async receive(tenant: RuntimeTenant, document: Uint8Array): Promise<EdiReceipt> {
    const reading = readEdi(document);
    const maxQueued = this.runtime.quota(tenant, 'JOBS_QUEUED')?.limit;
    const observations: KpiObservation[] = [];
    const interchanges = await this.runtime.database(tenant).transaction(async (tx) => {
      observations.length = 0;
      const receipts: InterchangeReceipt[] = [];
      for (const interchange of reading.interchanges) {
        const partner = await findPartner(tx, interchange.standard, interchange.sender);
        const receipt = await receiveInterchange(tx, interchange, partner, maxQueued);
        receipts.push(receipt);
        observations.push(this.#observe(tenant, partner, interchange, receipt));
      }
      return receipts;
    });
    for (const observation of observations) this.runtime.recordKpi(observation);
    return { ...summarize(reading, interchanges), interchanges };
  }

  /** EDI acceptance: transaction sets taken and refused. What came twice counts once. */
  #observe(
    tenant: RuntimeTenant,
    partner: EdiPartner | null,
    interchange: InterchangeReading,
    { status, orders }: InterchangeReceipt,
  ): KpiObservation {
    const place = { branch: null, warehouse: null, account: partner?.account ?? null };
    const { pricingEngine } = this.flags.decide(tenant, place);
    const sets = interchange.groups.reduce((sum, group) => sum + group.messages.length, 0);
    const counts =
      status === 'DUPLICATE' ? {} : { ediAccepted: orders, ediRejected: Math.max(orders, 1, sets) - orders };
    return { tenantId: tenant.id, pricingEngine, ...counts };
  }
}

function summarize(
  reading: EdiReading,
  receipts: readonly InterchangeReceipt[],
): Pick<EdiReceipt, 'httpStatus' | 'problems'> {
  const problems = [...reading.problems, ...receipts.flatMap((receipt) => receipt.problems)];
  const taken = receipts.some(({ status }) => !['REJECTED', 'CONFLICT'].includes(status));
  if (taken) return { httpStatus: 202, problems };
  if (receipts.some(({ status }) => status === 'CONFLICT')) return { httpStatus: 409, problems };
  return { httpStatus: problems.some(({ code }) => code === 'TOO_LARGE') ? 413 : 422, problems };
}

/** More help nobody; the acknowledgement names them all. */
const maxProblemsKept = 200;

async function receiveInterchange(
  tx: TenantQueryable,
  read: InterchangeReading,
  partner: EdiPartner | null,
  maxQueued: number | undefined,
): Promise<InterchangeReceipt> {
  const interchange = partner ? read : refuse(read, unknownPartner(read));
  const problems = problemsOfInterchange(interchange).slice(0, maxProblemsKept);
  const orders = acceptedOrders(interchange);
  const status = orders.length === 0 ? 'REJECTED' : problems.length === 0 ? 'ACCEPTED' : 'PARTIALLY_ACCEPTED';
  const stored = await insertInterchange(tx, interchange, partner?.code ?? null, status, problems);
  if ('earlier' in stored) {
    const { earlier } = stored;
    const repeated = earlier.digest === digestOf(interchange);
    if (repeated) {
      return {
        id: earlier.id,
        control: interchange.control,
        status: 'DUPLICATE',
        orders: 0,
        problems: [],
        acknowledgement: await readAcknowledgement(tx, earlier.id),
      };
    }
    const replayed = refuse(interchange, reusedControlNumber(interchange));
    return {
      id: earlier.id,
      control: interchange.control,
      status: 'CONFLICT',
      orders: 0,
      problems: replayed.problems,
      acknowledgement: await answer(tx, replayed, partner, null),
    };
  }
  for (let index = 0; index < orders.length; index++) {
    const payload: EdiOrderPayload = { interchangeId: stored.id, order: index };
    const dedupKey = `edi:${stored.id}:${digestOf(interchange).slice(0, 16)}:${index}`;
    await enqueueJob(tx, { kind: ediOrderJob, payload: { ...payload }, dedupKey }, maxQueued);
  }
  return {
    id: stored.id,
    control: interchange.control,
    status,
    orders: orders.length,
    problems,
    acknowledgement: await answer(tx, interchange, partner, stored.id),
  };
}

async function answer(
  tx: TenantQueryable,
  interchange: InterchangeReading,
  partner: EdiPartner | null,
  interchangeId: string | null,
): Promise<EdiDocument> {
  const control = await nextControlNumber(tx, partner?.code ?? null);
  const document = acknowledgeInterchange(interchange, control, new Date());
  await insertOutbound(tx, document, {
    partner: partner?.code ?? null,
    interchangeId,
    orderId: null,
    control,
  });
  return document;
}

function refuse(interchange: InterchangeReading, reason: EdiProblem): InterchangeReading {
  return { ...interchange, problems: [reason, ...interchange.problems] };
}

function unknownPartner({ standard, sender }: InterchangeReading): EdiProblem {
  const id = `${sender.qualifier ?? ''}:${sender.id}`.slice(0, 40);
  const [segment, element, elementPosition] =
    standard === 'X12' ? (['ISA', 'ISA06', 6] as const) : (['UNB', 'UNB S002.0004', 2] as const);
  return problem('UNKNOWN_PARTNER', segment, `The sender ${id} is no partner of this receiver.`, {
    position: 1,
    element,
    elementPosition,
  });
}

function reusedControlNumber({ standard, control }: InterchangeReading): EdiProblem {
  const [segment, element, elementPosition] =
    standard === 'X12' ? (['ISA', 'ISA13', 13] as const) : (['UNB', 'UNB 0020', 5] as const);
  const reason = `The control number ${control.slice(0, 35)} was used for another interchange.`;
  return problem('CONTROL_NUMBER_REPLAYED', segment, reason, { position: 1, element, elementPosition });
}
