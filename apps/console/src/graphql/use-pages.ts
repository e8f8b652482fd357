import { useCallback, useEffect, useRef, useState } from 'react';
import { type AnyVariables, type TypedDocumentNode, useClient } from 'urql';
import { describeError, type Problem } from './describe-error.js';

interface ConnectionOf<Node> {
  edges: readonly { node: Node }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
}

export interface Pages<Node> {
  rows: Node[];
  totalCount: number | undefined;
  problem: Problem | undefined;
  loading: boolean;
  hasMore: boolean;
  loadMore: () => void;
  /** Reads again what is shown, without losing the place. */
  refresh: () => void;
  /** Replaces rows in place, for events that carry the new state. */
  patch: (update: (row: Node) => Node) => void;
}

const pageSize = 200;

interface State<Node> {
  key: string;
  rows: Node[];
  totalCount: number | undefined;
  cursor: string | null;
  hasMore: boolean;
  problem: Problem | undefined;
}

const blank = (key: string) => ({
  key,
  rows: [],
  totalCount: undefined,
  cursor: null,
  hasMore: false,
  problem: undefined,
});

/** Reads a Relay connection page by page as the reader scrolls. A change of variables starts it anew. */
export function usePages<Data, Variables extends AnyVariables, Node>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Omit<Variables, 'first' | 'after'>,
  pick: (data: Data) => ConnectionOf<Node>,
): Pages<Node> {
  const client = useClient();
  const key = JSON.stringify(variables);
  const [state, setState] = useState<State<Node>>(blank(key));
  const busy = useRef<string | undefined>(undefined);
  const picker = useRef(pick);
  picker.current = pick;

  const read = useCallback(
    async (first: number, after: string | null) => {
      const page = { ...(JSON.parse(key) as object), first, after } as unknown as Variables;
      const result = await client.query(query, page, { requestPolicy: 'network-only' }).toPromise();
      if (result.error) throw result.error;
      return picker.current(result.data as Data);
    },
    [client, query, key],
  );

  const load = useCallback(
    async (append: { cursor: string | null; rows: Node[] } | undefined, size: number) => {
      const ticket = `${key}:${append?.cursor ?? 'start'}`;
      if (busy.current === ticket) return;
      busy.current = ticket;
      try {
        const page = await read(size, append?.cursor ?? null);
        if (busy.current !== ticket) return;
        const nodes = page.edges.map(({ node }) => node);
        setState({
          key,
          rows: append ? [...append.rows, ...nodes] : nodes,
          totalCount: page.totalCount,
          cursor: page.pageInfo.endCursor,
          hasMore: page.pageInfo.hasNextPage,
          problem: undefined,
        });
      } catch (error) {
        if (busy.current === ticket) setState((now) => ({ ...now, key, problem: describeError(error) }));
      } finally {
        if (busy.current === ticket) busy.current = undefined;
      }
    },
    [key, read],
  );

  useEffect(() => {
    void load(undefined, pageSize);
    return () => {
      busy.current = undefined;
    };
  }, [load]);

  const fresh = state.key === key;
  const hasLoaded = fresh && (state.totalCount !== undefined || state.problem !== undefined);
  return {
    // While other variables load, what was shown stays: no flash between two filters.
    rows: state.rows,
    totalCount: fresh ? state.totalCount : undefined,
    problem: fresh ? state.problem : undefined,
    loading: !hasLoaded,
    hasMore: fresh && state.hasMore,
    loadMore: () => {
      if (fresh && state.hasMore) void load({ cursor: state.cursor, rows: state.rows }, pageSize);
    },
    refresh: () => void load(undefined, Math.min(500, Math.max(pageSize, state.rows.length))),
    patch: (update) => setState((now) => ({ ...now, rows: now.rows.map(update) })),
  };
}
