import { useCallback, useEffect, useRef, useState } from 'react';
import { useClient } from 'urql';
import { flagChangedSubscription } from '../flags/flags.query.js';
import { describeError, type Problem } from '../graphql/describe-error.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { type PlaygroundCell, type PlaygroundInput, playgroundQuery } from './playground.query.js';

export interface DecidedCell extends PlaygroundCell {
  key: string;
  /** As it was decided for, all fields. */
  asked: Readonly<Record<string, string>>;
}

interface State {
  key: string;
  cells: DecidedCell[];
  after: string | null;
  problem: Problem | undefined;
}

/** Cells of a question; those over all tenants are read page by page as the reader scrolls. */
export function usePlayground(input: PlaygroundInput | undefined) {
  const client = useClient();
  const key = JSON.stringify(input ?? null);
  const [state, setState] = useState<State>();
  const latest = useRef(0);
  const busy = useRef(false);

  const read = useCallback(
    async (kept: DecidedCell[], after: string | null) => {
      const asked = JSON.parse(key) as PlaygroundInput | null;
      if (!asked) return;
      const ticket = ++latest.current;
      busy.current = true;
      const answer = await client
        .query(playgroundQuery, { input: { ...asked, after } }, { requestPolicy: 'network-only' })
        .toPromise();
      if (latest.current !== ticket) return;
      busy.current = false;
      const found = answer.data?.playground;
      if (!found) {
        setState({ key, cells: kept, after: null, problem: describeError(answer.error) });
        return;
      }
      const contexts = found.contexts as Record<string, string>[];
      const page = found.cells.map((cell) => ({
        ...cell,
        key: `${cell.flag} ${cell.environment} ${JSON.stringify(contexts[cell.context])}`,
        asked: contexts[cell.context] ?? {},
      }));
      setState({ key, cells: [...kept, ...page], after: found.nextAfter, problem: undefined });
    },
    [client, key],
  );

  useEffect(() => void read([], null), [read]);
  useLive(
    flagChangedSubscription,
    {},
    useThrottled(() => void read([], null)),
  );
  const fresh = state?.key === key ? state : undefined;
  return {
    cells: input ? (state?.cells ?? []) : [],
    problem: fresh?.problem,
    loading: input !== undefined && !fresh,
    hasMore: Boolean(fresh?.after),
    loadMore: () => {
      if (fresh?.after && !busy.current) void read(fresh.cells, fresh.after);
    },
  };
}
