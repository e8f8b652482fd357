import { createHash } from 'node:crypto';
import { InvalidInputError } from '#platform';
import { type FlagDecision } from '../compiler/index.js';
import { readContext } from './flag-context.js';
import { sees, type SdkGrant } from './sdk-access.js';
import type { ServedFlag } from './served-flag.js';

/** An answer of the OpenFeature remote evaluation protocol. */
export interface OfrepAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** `POST /ofrep/v1/evaluate/flags/{key}` */
export function ofrepEvaluate(grant: SdkGrant, key: string, body: unknown): OfrepAnswer {
  const problem = problemOf(grant, body);
  if (problem) return { status: 400, body: { key, ...problem } };
  const flag = grant.feed.flags.get(key);
  if (!flag || !sees(grant, flag))
    return {
      status: 404,
      body: { key, errorCode: 'FLAG_NOT_FOUND', errorDetails: `There is no flag "${key}".` },
    };
  return { status: 200, body: success(flag, flag.decide(ofrepContext(grant, body))) };
}

/** `POST /ofrep/v1/evaluate/flags`: every flag that the token sees, with an ETag over the decisions. */
export function ofrepEvaluateAll(grant: SdkGrant, body: unknown): OfrepAnswer & { etag?: string } {
  const problem = problemOf(grant, body);
  if (problem) return { status: 400, body: problem };
  const context = ofrepContext(grant, body);
  const flags = [...grant.feed.flags.values()]
    .filter((flag) => sees(grant, flag))
    .map((flag) => success(flag, flag.decide(context)));
  const etag = `"${createHash('sha1').update(JSON.stringify(flags)).digest('base64url')}"`;
  return { status: 200, body: { flags }, etag };
}

function problemOf(grant: SdkGrant, body: unknown): { errorCode: string; errorDetails: string } | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { errorCode: 'PARSE_ERROR', errorDetails: 'The body must be a JSON object with a context.' };
  try {
    readContext((body as { context?: unknown }).context, grant);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { errorCode: 'INVALID_CONTEXT', errorDetails: error.message };
  }
}

/** The targeting key of OpenFeature is the user. */
function ofrepContext(grant: SdkGrant, body: unknown) {
  const context = (body as { context?: Record<string, unknown> }).context ?? {};
  return readContext({ userId: context['targetingKey'], ...context }, grant);
}

function success(served: ServedFlag, decision: FlagDecision): Record<string, unknown> {
  const { flag } = served;
  const metadata = {
    flagKind: flag.kind,
    scope: decision.rule?.scope.kind ?? 'NONE',
    enabled: decision.enabled,
  };
  const reason = reasonOf(decision);
  if (flag.kind === 'BOOLEAN') {
    return {
      key: flag.key,
      value: decision.enabled,
      variant: decision.enabled ? 'on' : 'off',
      reason,
      metadata,
    };
  }
  // Off without a default variant: no value, so that the code's own default holds.
  if (decision.variant === null) return { key: flag.key, reason, metadata };
  return {
    key: flag.key,
    value: decision.payload ?? decision.variant,
    variant: decision.variant,
    reason,
    metadata,
  };
}

function reasonOf({ reason, rule }: FlagDecision): string {
  if (['KILLED', 'ARCHIVED', 'DRAFT'].includes(reason)) return 'DISABLED';
  if (reason === 'STRATEGY' || reason === 'DEPENDENCY') return 'TARGETING_MATCH';
  return rule && rule.scope.kind !== 'ENVIRONMENT' ? 'TARGETING_MATCH' : 'STATIC';
}
