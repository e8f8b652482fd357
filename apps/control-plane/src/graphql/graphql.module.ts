import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { GraphQLModule } from '@nestjs/graphql';
import type { DynamicModule } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RequestContext } from '#identity';
import { DateTimeScalar, JsonScalar, LOGGER, type Logger } from '#platform';
import { OperatorAccess } from '../http/operator-access.js';
import { OperatorAccessModule } from '../http/operator-access.module.js';
import { errorFormatter } from './error-formatter.js';
import type { LiveContext } from './live-principal.js';
import { maxBodyBytes, maxDepth, maxGraphqlBytes, requestSizeRule } from './limits.js';

/**
 * A request has one of these, or a JSON body: a foreign page can send neither without a preflight. The last one marks a
 * WebSocket handshake, which no page can forge and which authenticates by its first message, not by a cookie.
 */
const preflightHeaders = ['x-mercurius-operation-name', 'mercurius-require-preflight', 'sec-websocket-key'];

/** `POST /graphql`, and `graphql-transport-ws` on the same path; both authenticate before anything is resolved. */
export function graphqlModule(): DynamicModule {
  return GraphQLModule.forRootAsync<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    imports: [OperatorAccessModule],
    inject: [OperatorAccess, LOGGER],
    useFactory: (access: OperatorAccess, logger: Logger) => ({
      autoSchemaFile: true,
      sortSchema: true,
      path: '/graphql',
      jit: 1,
      queryDepth: maxDepth,
      validationRules: [requestSizeRule],
      csrfPrevention: { requiredHeaders: preflightHeaders },
      allowBatchedQueries: false,
      additionalRouteOptions: {
        bodyLimit: maxGraphqlBytes,
        preParsing: async (request, _reply, body) => {
          await refuseLargeOfNobody(access, request);
          return body;
        },
      },
      graphiql: false,
      resolvers: { JSON: JsonScalar },
      errorFormatter: errorFormatter(logger) as never,
      context: (request: FastifyRequest): Promise<RequestContext> =>
        contextOf(access, request.headers.authorization),
      subscription: {
        fullWsTransport: true,
        keepAlive: 15_000,
        onConnect: async ({ payload }: { payload?: Record<string, unknown> }): Promise<LiveContext> => {
          const reauthenticate = (): Promise<RequestContext> =>
            contextOf(access, payload?.['authorization'] ?? payload?.['Authorization']);
          return { ...(await reauthenticate()), reauthenticate };
        },
      },
    }),
  });
}

/** Before the body is read: what nobody sends must not fill the memory. */
async function refuseLargeOfNobody(access: OperatorAccess, { headers }: FastifyRequest): Promise<void> {
  const length = headers['content-length'];
  const isSmall = length === undefined ? !headers['transfer-encoding'] : Number(length) <= maxBodyBytes;
  if (isSmall) return;
  const { principal } = await contextOf(access, headers.authorization);
  if (!principal) throw Object.assign(new Error('too large'), { statusCode: 413 });
}

async function contextOf(access: OperatorAccess, authorization: unknown): Promise<RequestContext> {
  return { principal: await access.authenticate(authorization) };
}

/** Scalars that the schema builder must know. */
export const scalarProviders = [DateTimeScalar];
