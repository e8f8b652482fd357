import { z } from 'zod';
import { MAX_LINE_QUANTITY } from '#distribution';
import { InvalidInputError } from '#platform';

/** Largest JSON body. An order of the most lines, with the longest codes, fits. */
export const maxBodyBytes = 256 * 1024;
const maxLines = 500;

const printable = /^[^\p{Cc}]+$/u;
const code = z.string().min(1).max(64).regex(printable, 'must not contain control characters');
const shortText = z.string().min(1).max(100).regex(printable, 'must not contain control characters');
/** PostgreSQL knows more years than business does. */
const sensible = (date: string): boolean => /^(19|20|21)/.test(date);

const line = z.object({
  sku: code,
  quantity: z.number().int().min(1).max(MAX_LINE_QUANTITY),
  uom: z.string().min(1).max(16).regex(printable).optional(),
});

const priced = {
  account: code,
  branch: code.optional(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters, e.g. EUR')
    .optional(),
  lines: z.array(line).min(1, 'needs at least one line').max(maxLines),
};

export const orderRequest = z.object({
  ...priced,
  purchaseOrder: shortText.optional(),
  requestedDate: z.iso.date().refine(sensible, 'must be between 1900 and 2199').optional(),
});

export const quoteRequest = z.object({
  ...priced,
  /** Instant to price at; absent means now. */
  at: z.iso
    .datetime({ offset: true })
    .refine(sensible, 'must be between 1900 and 2199')
    .transform((instant) => new Date(instant))
    .optional(),
});

export const receiptRequest = z.object({
  warehouse: code,
  quantity: z.number().int().min(1).max(MAX_LINE_QUANTITY),
  reference: shortText.optional(),
});

/** A visible ASCII text; longer or stranger ones would not survive proxies. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters without spaces')
  .optional();

const limit = z.coerce.number().int().min(1).max(200).default(50);

export const pageRequest = z.object({
  limit,
  after: code.optional(),
  search: shortText.optional(),
});

export const ordersRequest = z.object({ limit, account: code.optional() });

export const pathCode = code;

/**
 * @param where names the part of the request in the error, e.g. `Idempotency-Key`.
 * @throws InvalidInputError with the first wrong field.
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  where = '',
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const field = [where, ...(first?.path ?? []).map(String)].filter((part) => part !== '').join('.');
  const others = parsed.error.issues.length - 1;
  throw new InvalidInputError(
    `${field === '' ? 'The body' : field}: ${first?.message ?? 'is wrong'}${others > 0 ? ` (and ${others} more)` : ''}.`,
    field === '' ? {} : { field },
  );
}
