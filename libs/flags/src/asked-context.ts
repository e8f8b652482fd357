import { InvalidInputError } from '#platform';
import type { FlagContext } from './flag.js';
import type { FlagSubjects } from './flag-subjects.js';

const maxProperties = 50;
const maxText = 500;

/** Whom somebody asks about: what the data plane would state, and any other fields that constraints look at. */
export interface AskedContext {
  tenant?: string | null | undefined;
  branch?: string | null | undefined;
  warehouse?: string | null | undefined;
  account?: string | null | undefined;
  userId?: string | null | undefined;
  /** An object of texts. */
  properties?: unknown;
}

/**
 * The context as flags are decided for it, with tier and region of its tenant.
 * @param at path of the properties, for a refusal.
 * @throws InvalidInputError INVALID_INPUT, NotFoundError TENANT_NOT_FOUND, UNIT_NOT_FOUND
 */
export async function contextOf(
  subjects: FlagSubjects,
  asked: AskedContext,
  at: string,
): Promise<FlagContext> {
  const properties = propertiesOf(asked.properties, at);
  const known = await subjects.context({
    tenant: asked.tenant ?? undefined,
    branch: asked.branch ?? undefined,
    warehouse: asked.warehouse ?? undefined,
    account: asked.account ?? undefined,
    userId: asked.userId ?? undefined,
  });
  // What the platform knows of a tenant cannot be claimed otherwise.
  return { ...properties, ...known };
}

function propertiesOf(value: unknown, field: string): FlagContext {
  if (value === undefined || value === null) return {};
  const refuse = (): never => {
    throw new InvalidInputError(
      `${field} must be an object of at most ${maxProperties} texts of at most ${maxText} characters.`,
      { field },
    );
  };
  if (typeof value !== 'object' || Array.isArray(value)) return refuse();
  const entries = Object.entries(value);
  if (entries.length > maxProperties) refuse();
  if (
    !entries.every(([name, text]) => name.length <= 100 && typeof text === 'string' && text.length <= maxText)
  )
    refuse();
  return Object.fromEntries(entries);
}
