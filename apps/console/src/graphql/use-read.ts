import { useCallback } from 'react';
import { type AnyVariables, type TypedDocumentNode, useQuery } from 'urql';
import { describeError, type Problem } from './describe-error.js';

export interface Read<Data> {
  data: Data | undefined;
  problem: Problem | undefined;
  /** Nothing to show yet; a later refresh keeps what is shown. */
  loading: boolean;
  /** A request is under way, whether or not there is something to show. */
  fetching: boolean;
  refresh: () => void;
}

/** Reads a document; the cache answers at once and the control plane's answer replaces it. */
export function useRead<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  options: { pause?: boolean } = {},
): Read<Data> {
  const [result, execute] = useQuery({
    query,
    variables,
    pause: options.pause ?? false,
    requestPolicy: 'cache-and-network',
  });
  const refresh = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute]);
  return {
    data: result.data,
    problem: result.error ? describeError(result.error) : undefined,
    loading: result.fetching && !result.data,
    fetching: result.fetching,
    refresh,
  };
}
