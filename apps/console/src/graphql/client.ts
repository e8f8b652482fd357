import { createClient as createSocketClient } from 'graphql-ws';
import { cacheExchange, Client, fetchExchange, mapExchange, subscriptionExchange } from 'urql';
import { setLive } from './live-state.js';

export interface ControlPlaneClient {
  client: Client;
  dispose(): void;
}

/** One client a session: queries and mutations over HTTP, subscriptions over `graphql-transport-ws`, same path. */
export function connect(token: string, onUnauthenticated: () => void): ControlPlaneClient {
  const authorization = `Bearer ${token}`;
  const socket = createSocketClient({
    url: `${window.location.origin.replace(/^http/, 'ws')}/graphql`,
    connectionParams: { authorization },
    lazyCloseTimeout: 5_000,
    keepAlive: 20_000,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: async (retries) => {
      const milliseconds = Math.min(500 * 2 ** retries, 10_000);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
    },
    shouldRetry: () => true,
    on: {
      connected: () => setLive('live'),
      closed: (event) => setLive((event as CloseEvent).code === 1000 ? 'idle' : 'lost'),
    },
  });
  const client = new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [
      cacheExchange,
      mapExchange({
        onError(error) {
          if (error.graphQLErrors.some(({ extensions }) => extensions['code'] === 'UNAUTHENTICATED')) {
            onUnauthenticated();
          }
        },
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe(
              { query: request.query ?? '', variables: request.variables as Record<string, unknown> },
              sink as never,
            ),
          }),
        }),
      }),
    ],
  });
  return { client, dispose: () => void socket.dispose() };
}
