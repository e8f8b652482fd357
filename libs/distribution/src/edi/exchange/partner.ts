import { z } from 'zod';
import type { TenantQueryable } from '#runtime';
import type { EdiStandard } from '../delimiters.js';
import type { PartnerAddress } from '../inbound-order.js';

/** How orders of a partner are read. All of it may be left out. */
const profileSchema = z.object({
  /** Which of the partner's item numbers to trust first: canonical qualifiers. */
  itemIds: z.array(z.string()).default(['VN', 'EN', 'UP', 'BP']),
  /** The partner's own item numbers (BP), as our SKUs. */
  items: z.record(z.string(), z.string()).default({}),
  /** The partner's units of measure, as ours. */
  units: z.record(z.string(), z.string()).default({}),
  /** Ship-to and buyer ids, as our accounts and branches. */
  accounts: z.record(z.string(), z.string()).default({}),
  branches: z.record(z.string(), z.string()).default({}),
  /** How far the partner's price may be from ours, in percent of ours. */
  priceTolerancePercent: z.number().min(0).max(100).default(0),
  /** A line whose price is further off: taken at our price (and the partner told), or refused. */
  onPriceMismatch: z.enum(['ACCEPT', 'REJECT']).default('ACCEPT'),
});
export type PartnerProfile = z.infer<typeof profileSchema>;

/** Who may send documents to the tenant, and for which account. */
export interface EdiPartner {
  code: string;
  account: string | null;
  profile: PartnerProfile;
}

interface PartnerRow {
  code: string;
  account: string | null;
  profile: unknown;
}

/** The partner that signs with this address; null if the tenant knows none. */
export async function findPartner(
  tx: TenantQueryable,
  standard: EdiStandard,
  { qualifier, id }: PartnerAddress,
): Promise<EdiPartner | null> {
  const { rows } = await tx.query<PartnerRow & Record<string, unknown>>(
    `select code, account, profile from edi_partner
     where standard = $1 and identifier = $3 and qualifier in ($2, '') order by qualifier = '' limit 1`,
    [standard, qualifier ?? '', storable(id)],
  );
  const row = rows[0];
  if (!row) return null;
  const profile = profileSchema.safeParse(row.profile);
  return {
    code: row.code,
    account: row.account,
    profile: profile.success ? profile.data : profileSchema.parse({}),
  };
}

/** Text as PostgreSQL takes it: no NUL, no half of a surrogate pair. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '\uFFFD').replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** JSON as PostgreSQL takes it: `storable` also for what JSON would write as an escape. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? storable(part) : part));
}
