import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import type { Finding } from './finding.js';
import type { MarkedTenant } from './seed-rows.js';

type Field = GraphQLField<unknown, unknown>;

export interface GraphqlAnswer {
  status: number;
  data: unknown;
  errors?: unknown;
}

export type Ask = (query: string, variables: Record<string, unknown>) => Promise<GraphqlAnswer>;

export interface MarkedSlug extends MarkedTenant {
  slug: string;
}

/** Arguments that say which tenant is meant, at the top or inside an input object. */
const tenantNames = new Set(['tenant', 'slug', 'tenants', 'slugs', 'confirm']);
const scalars: Record<string, unknown> = {
  Int: 1,
  Float: 1,
  Boolean: true,
  DateTime: '2030-01-01T00:00:00Z',
  JSON: {},
};
/** Levels of a selection; the API refuses deeper ones. */
const depth = 4;

/** Root fields that are told which tenant is meant. A new one is here without anybody adding it. */
export function tenantFields(schema: GraphQLSchema, kind: 'query' | 'mutation' | 'subscription'): Field[] {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  const root = roots[kind];
  return Object.values(root?.getFields() ?? {}).filter(({ args }) => args.some((arg) => namesTenant(arg)));
}

function namesTenant({ name, type }: GraphQLArgument | GraphQLInputField): boolean {
  if (tenantNames.has(name)) return true;
  const inner = getNamedType(type);
  return (
    isInputObjectType(inner) && Object.values(inner.getFields()).some((field) => tenantNames.has(field.name))
  );
}

/** A request of the field for one tenant: all that needs a value has one, and everything is selected, so many levels deep. */
export function requestOf(
  kind: 'query' | 'mutation' | 'subscription',
  field: Field,
  slug: string,
  levels = depth,
): { query: string; variables: Record<string, unknown> } {
  const given = field.args.filter((arg) => isNonNullType(arg.type) || namesTenant(arg));
  const declared = given.map(({ name, type }) => `$${name}: ${type.toString()}`).join(', ');
  const passed = given.map(({ name }) => `${name}: $${name}`).join(', ');
  return {
    query:
      given.length === 0
        ? `${kind} { ${field.name} ${selectionOf(field.type, levels)} }`
        : `${kind} (${declared}) { ${field.name}(${passed}) ${selectionOf(field.type, levels)} }`,
    variables: Object.fromEntries(given.map(({ name, type }) => [name, valueOf(name, type, slug)])),
  };
}

function valueOf(name: string, type: GraphQLInputType, slug: string): unknown {
  if (isNonNullType(type)) return valueOf(name, type.ofType, slug);
  if (isListType(type)) return tenantNames.has(name) ? [slug] : [];
  if (tenantNames.has(name) && !isInputObjectType(type)) return slug;
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (!isInputObjectType(type)) return scalars[type.name] ?? 'x';
  const fields = Object.values(type.getFields()).filter(
    (field) => isNonNullType(field.type) || tenantNames.has(field.name),
  );
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field.name, field.type, slug)]));
}

function selectionOf(type: GraphQLOutputType, levels: number): string {
  const named = getNamedType(type);
  if (isLeafType(named) || !isObjectType(named)) return '';
  const parts = Object.values(named.getFields()).flatMap((field) => {
    if (field.args.some((arg) => isNonNullType(arg.type))) return [];
    if (isLeafType(getNamedType(field.type))) return [field.name];
    const inner = levels > 1 ? selectionOf(field.type, levels - 1) : '';
    return inner === '' ? [] : [`${field.name} ${inner}`];
  });
  return parts.length > 0 ? `{ ${parts.join(' ')} }` : '{ __typename }';
}

/** Asks for the attacker's things and looks for the victim's in what comes back. */
export async function attackQueries(
  schema: GraphQLSchema,
  ask: Ask,
  attacker: MarkedSlug,
  victim: MarkedSlug,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const field of tenantFields(schema, 'query')) {
    const { query, variables } = requestOf('query', field, attacker.slug);
    const answer = JSON.stringify(await ask(query, variables));
    const found = [victim.mark, victim.id, victim.slug].filter((secret) => answer.includes(secret));
    if (found.length > 0) {
      findings.push({ attack: 'read another tenant', object: `Query.${field.name}`, got: 'its data' });
    }
  }
  return findings;
}

/** Who may not change a tenant must not learn either whether there is such a one. */
export async function attackExistence(
  schema: GraphQLSchema,
  ask: Ask,
  victim: MarkedSlug,
  unknownSlug: string,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const field of tenantFields(schema, 'mutation')) {
    const answers: string[] = [];
    for (const slug of [victim.slug, unknownSlug]) {
      const { query, variables } = requestOf('mutation', field, slug);
      const { status, errors, data } = await ask(query, variables);
      const text = JSON.stringify({ status, errors, data }).replaceAll(slug, '…');
      // Allowed to this role: then it may know.
      if (!text.includes('FORBIDDEN') && !text.includes('UNAUTHENTICATED')) answers.push('allowed');
      else answers.push(text);
    }
    if (answers[0] !== answers[1]) {
      findings.push({ attack: 'learn of a tenant', object: `Mutation.${field.name}`, got: 'another answer' });
    }
  }
  return findings;
}
