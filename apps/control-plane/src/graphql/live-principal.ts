import type { FastifyInstance } from 'fastify';
import { type RequestContext, UnauthenticatedError } from '#identity';

/** Context of a WebSocket. It outlives its token, which may be revoked or expire while the socket is open. */
export interface LiveContext extends RequestContext {
  /** Asks again whose token it is. */
  reauthenticate(): Promise<RequestContext>;
}

/**
 * Asks again who is at the other end of a WebSocket before each query, mutation and value of a subscription. A
 * subscription of a token that is no longer valid gets nothing more: its socket is closed.
 */
export function keepPrincipalsLive({ graphql }: FastifyInstance): void {
  graphql.addHook('preExecution', async (_schema, _document, context) => {
    await refresh(context as unknown as Partial<LiveContext>);
  });
  graphql.addHook('onSubscriptionResolution', async (_execution, context) => {
    const principal = await refresh(context as unknown as Partial<LiveContext>);
    if (!principal) throw new UnauthenticatedError();
  });
}

async function refresh(context: Partial<LiveContext>): Promise<RequestContext['principal']> {
  if (context.reauthenticate) context.principal = (await context.reauthenticate()).principal;
  return context.principal;
}
