import { InvalidInputError } from '#platform';
import { boundContext } from '../compiler/index.js';
import { contextField, type FlagContext } from '../flag.js';
import { tenantOfValue } from './fold/token-scope.js';
import type { SdkGrant } from './sdk-access.js';

/** What says of whom a request is, as opposed to anything else that flags look at. */
const unitFields = Object.values(contextField).filter((field) => field !== 'userId');
const maxFields = 200;
const maxLength = 10_000;

/**
 * The flag context out of what a client sent: fields at the top, else in `properties`, as SDKs look them up; numbers
 * and booleans are taken as text. A token of one tenant binds the context to it, whatever the client claims. In a browser anybody can
 * read the token: a FRONTEND token of no tenant lets nobody claim to be one.
 * @throws InvalidInputError INVALID_INPUT if it is not an object, or too large.
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
  for (const [field, given] of [...Object.entries(properties), ...Object.entries(top)]) {
    const value = text(given);
    if (value !== undefined) context[field] = value;
  }
  if (Object.keys(context).length > maxFields)
    throw new InvalidInputError(`A context has at most ${maxFields} fields.`, { field: 'context' });
  if (tenant) {
    const bound = boundContext(context, tenant);
    if (isUserOfAnother(bound.userId, tenant.slug)) delete bound.userId;
    return scope.branch === null ? bound : { ...bound, branch: scope.branch };
  }
  if (kind === 'FRONTEND') for (const field of unitFields) delete context[field];
  return context;
}

/** Users whose id is written like a unit key, `northwind/jo`, belong to that tenant: nobody else can claim to be one. */
function isUserOfAnother(userId: string | undefined, slug: string): boolean {
  const owner = userId === undefined ? undefined : tenantOfValue(userId);
  return owner !== undefined && owner !== slug;
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') {
    if (value.length > maxLength)
      throw new InvalidInputError(`A field of a context has at most ${maxLength} characters.`, {
        field: 'context',
      });
    return value;
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
