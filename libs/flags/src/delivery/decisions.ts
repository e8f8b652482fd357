import { hash } from 'node:crypto';
import type { FlagContext } from '../flag.js';
import { etagMatches } from './payload.js';
import { SdkAccessError, type SdkGrant } from './sdk-access.js';

/** What was decided for a client, ready to be sent. */
export interface Decisions {
  body: string;
  /** `"decisions:context:revision:v1"` */
  etag: string;
  /** The client has these decisions, or newer ones: it keeps what it has. */
  unchanged: boolean;
}

/** What a client names as known. */
interface KnownDecisions {
  etag: string;
  decisions: string;
  context: string;
  revision: number;
}

/** What decides, and how it can be had anew. */
export interface Decider {
  grant: SdkGrant;
  context: (grant: SdkGrant) => FlagContext;
  /** JSON of the decisions. */
  decide: (grant: SdkGrant, context: FlagContext) => string;
  renewed: () => Promise<SdkGrant>;
}

/**
 * Decides for a client that may name what it has. One that has seen a newer state from another replica is answered when
 * this one has caught up; if it cannot, the client keeps what it has and never goes back.
 * @throws SdkAccessError BEHIND with 503 if it has something newer for another context: it must not keep that.
 */
export async function decisionsFor(decider: Decider, header: string | undefined): Promise<Decisions> {
  const { feed } = decider.grant;
  const known = knownDecisions(header);
  let made = make(decider, decider.grant);
  if (known && known.decisions !== made.decisions && known.revision > feed.revision) {
    await feed.catchUpTo(known.revision);
    made = make(decider, await decider.renewed());
  }
  const { body, decisions, revision } = made;
  const whom = digest(textOf(made.context)).slice(0, 8);
  const etag = `"${decisions}:${whom}:${revision}:v1"`;
  if (!known) return { body, etag, unchanged: etagMatches(header, etag) };
  const same = known.decisions === decisions;
  const behind = known.revision > feed.revision;
  if (behind && !same && known.context !== whom)
    throw new SdkAccessError('BEHIND', 'This replica is behind what you have seen; ask again.', 503);
  // The newer name of what it has is the one to keep.
  const kept = known.revision > revision ? known.etag : etag;
  return same || behind ? { body, etag: kept, unchanged: true } : { body, etag, unchanged: false };
}

function make(decider: Decider, grant: SdkGrant) {
  const context = decider.context(grant);
  const body = decider.decide(grant, context);
  const revision = Math.max(grant.feed.changedRevision, grant.asOf);
  return { body, context, decisions: digest(body), revision };
}

function knownDecisions(header: string | undefined): KnownDecisions | undefined {
  const match = header && /^(?:W\/)?("([\w-]{27}):([\w-]{8}):(\d{1,15}):v1")$/.exec(header);
  if (!match) return undefined;
  const [, etag = '', decisions = '', context = '', revision] = match;
  return { etag, decisions, context, revision: Number(revision) };
}

function digest(text: string): string {
  return hash('sha1', text, 'base64url');
}

function textOf(context: FlagContext): string {
  let text = '';
  for (const field in context) if (context[field] !== undefined) text += `${field}\n${context[field]}\n`;
  return text;
}
