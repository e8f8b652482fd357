import type { Actor } from '#audit';
import type { Role } from './role.js';

/** The authenticated caller of one request. */
export interface Principal {
  actor: Actor;
  role: Role;
}

/** GraphQL context of every operation, over HTTP and over WebSocket. */
export interface RequestContext {
  /** undefined if the request bore no valid token: then everything is refused. */
  principal: Principal | undefined;
}
