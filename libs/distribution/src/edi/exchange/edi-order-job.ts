import { z } from 'zod';

/** Kind of the job that turns one order of a stored interchange into a sales order. */
export const ediOrderJob = 'edi.order';

export const ediOrderPayload = z.object({
  /** Row of `edi_interchange`. */
  interchangeId: z.uuid(),
  /** Place among the orders of the interchange that were accepted, from 0. */
  order: z.int().min(0),
});
export type EdiOrderPayload = z.infer<typeof ediOrderPayload>;
