import { InvalidInputError } from '#platform';
import { boundContext } from '../compiler/index.js';
import { contextField, type FlagContext } from '../flag.js';
import { tenantOfValue } from './fold/token-scope.js';
import type { SdkGrant } from './sdk-access.js';

const fields = Object.values(contextField);

/**
 * The flag context out of what a client sent: known fields at the top or in `properties`, as SDKs look them up; numbers
 * are taken as text. A token of one tenant binds the context to it, whatever the client claims. In a browser anybody can
 * read the token: a FRONTEND token of no tenant lets nobody claim to be one.
 * @throws InvalidInputError INVALID_INPUT if it is not an object.
 */
export function readContext(
  input: unknown,
  { tenant, kind, scope }: Pick<SdkGrant, 'tenant' | 'kind' | 'scope'>,
): FlagContext {
  if (input !== undefined && (typeof input !== 'object' || input === null || Array.isArray(input)))
    throw new InvalidInputError('The context must be an object.', { field: 'context' });
  const top = (input ?? {}) as Record<string, unknown>;
  const properties = (top['properties'] ?? {}) as Record<string, unknown>;
  const context: FlagContext = {};
  for (const field of fields) {
    const value = text(top[field]) ?? text(properties[field]);
    if (value !== undefined) context[field] = value;
  }
  if (tenant) {
    const bound = boundContext(context, tenant);
    if (isUserOfAnother(bound.userId, tenant.slug)) delete bound.userId;
    return scope.branch === null ? bound : { ...bound, branch: scope.branch };
  }
  return kind === 'FRONTEND' ? { userId: context.userId } : context;
}

/** Users whose id is written like a unit key, `northwind/jo`, belong to that tenant: nobody else can claim to be one. */
function isUserOfAnother(userId: string | undefined, slug: string): boolean {
  const owner = userId === undefined ? undefined : tenantOfValue(userId);
  return owner !== undefined && owner !== slug;
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}
