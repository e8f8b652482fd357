import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { GqlExecutionContext } from '@nestjs/graphql';
import type { FastifyInstance } from 'fastify';
import { GraphQLError, specifiedRules, validate } from 'graphql';
import { catchError, map, type Observable } from 'rxjs';
import type { RequestContext } from '#identity';
import { ConflictError, LOGGER, TierdeckError, type Logger } from '#platform';
import { publicGraphqlError } from './error-formatter.js';
import { requestSizeRule } from './limits.js';

/** Subscriptions of one WebSocket: a page of the console has about ten at most. */
const maxOfSocket = 100;
/** Subscriptions of one operator over all WebSockets of this replica. Each is a reader of every revision. */
const maxOfOperator = 500;

/** Context of a subscription: that of its WebSocket, with the id that the client gave it. */
interface SubscriptionContext extends RequestContext {
  id: unknown;
  /** The upgrade to a WebSocket: one for all subscriptions of it. */
  request: object;
}

/** Bounds how many subscriptions are open at once, and ends them as errors that say no more than any other answer. */
@Injectable()
export class SubscriptionLimits implements NestInterceptor {
  /** Ids of the open subscriptions of each WebSocket. */
  readonly #ofSocket = new WeakMap<object, Set<unknown>>();
  readonly #ofOperator = new Map<string, number>();

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<string>() !== 'graphql') return next.handle();
    const gql = GqlExecutionContext.create(context);
    if (gql.getInfo<{ parentType: { name: string } }>().parentType.name !== 'Subscription')
      return next.handle();
    const release = this.#take(gql.getContext<SubscriptionContext>());
    return next.handle().pipe(
      map((values) => this.#counted(values as AsyncIterableIterator<unknown>, release)),
      catchError((error: unknown) => {
        release();
        throw publicGraphqlError(error, this.logger);
      }),
    );
  }

  /** @throws GraphQLError TOO_MANY_SUBSCRIPTIONS, SUBSCRIPTION_ID_TAKEN. @returns gives the place back. */
  #take({ id, request, principal }: SubscriptionContext): () => void {
    const operator = JSON.stringify(principal?.actor ?? null);
    const ids = this.#ofSocket.get(request) ?? new Set();
    const count = this.#ofOperator.get(operator) ?? 0;
    const refusal = ids.has(id)
      ? new ConflictError('SUBSCRIPTION_ID_TAKEN', 'A subscription with this id is open on this connection.')
      : ids.size >= maxOfSocket || count >= maxOfOperator
        ? tooMany(ids.size >= maxOfSocket ? maxOfSocket : maxOfOperator)
        : undefined;
    if (refusal) throw publicGraphqlError(refusal, this.logger);
    this.#ofSocket.set(request, ids.add(id));
    this.#ofOperator.set(operator, count + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      ids.delete(id);
      const left = (this.#ofOperator.get(operator) ?? 1) - 1;
      if (left > 0) this.#ofOperator.set(operator, left);
      else this.#ofOperator.delete(operator);
    };
  }

  #counted(values: AsyncIterableIterator<unknown>, release: () => void): AsyncIterableIterator<unknown> {
    const end = async (): Promise<IteratorResult<unknown>> => {
      release();
      await values.return?.();
      return { done: true, value: undefined };
    };
    const next = async (): Promise<IteratorResult<unknown>> => {
      try {
        const result = await values.next();
        if (result.done) release();
        return result;
      } catch (error) {
        await end();
        throw publicGraphqlError(error, this.logger);
      }
    };
    const throws = async (error: unknown): Promise<never> => {
      await end();
      throw error;
    };
    const counted = { next, return: end, throw: throws, [Symbol.asyncIterator]: () => counted };
    return counted;
  }
}

function tooMany(limit: number): TierdeckError {
  const message = `There are ${limit} subscriptions open already.`;
  return new TierdeckError('TOO_MANY_SUBSCRIPTIONS', message, 429, {
    hint: 'End those that nobody looks at any more.',
  });
}

/** Subscriptions come past the validation of queries and mutations: they are held to the same rules here. */
export function validateSubscriptions({ graphql }: FastifyInstance): void {
  graphql.addHook('preSubscriptionExecution', async (schema, document) => {
    const [error] = validate(schema, document, [...specifiedRules, requestSizeRule], { maxErrors: 1 });
    if (error) throw new GraphQLError(error.message, { extensions: { code: 'GRAPHQL_INVALID' } });
  });
}
