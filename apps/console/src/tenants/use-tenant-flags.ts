import { useCallback, useEffect, useRef, useState } from 'react';
import { useClient } from 'urql';
import { flagChangedSubscription } from '../flags/flags.query.js';
import {
  flagMatrixQuery,
  type Matrix,
  type MatrixColumn,
  type MatrixDecision,
  type MatrixFlag,
} from '../flags/matrix.query.js';
import { describeError, type Problem } from '../graphql/describe-error.js';
import { useLive, useThrottled } from '../graphql/use-live.js';

export interface EffectiveFlag {
  flag: MatrixFlag;
  column: MatrixColumn;
  decision: MatrixDecision;
  /** Branches that get something else than the tenant, of the first five hundred. */
  differing: number;
}

interface State {
  key: string;
  rows: EffectiveFlag[];
  total: number | undefined;
  problem: Problem | undefined;
}

/** Rows of one window: with all the branches of a tenant a window has room for no more. */
const windowRows = 40;

/** Every flag as one tenant has it, read as the reader scrolls. */
export function useTenantFlags(tenant: string, environment: string, search: string | undefined) {
  const client = useClient();
  const key = `${tenant} ${environment} ${search ?? ''}`;
  const [state, setState] = useState<State>({ key, rows: [], total: undefined, problem: undefined });

  const latest = useRef(0);

  const read = useCallback(
    async (kept: EffectiveFlag[], until: number) => {
      const ticket = ++latest.current;
      const rows = [...kept];
      let total: number | undefined;
      let problem: Problem | undefined;
      do {
        const input = {
          environment,
          tenant,
          flagSearch: search ?? null,
          units: ['BRANCH' as const],
          rows: { offset: rows.length, limit: windowRows },
          columns: { offset: 0, limit: 500 },
        };
        const answer = await client
          .query(flagMatrixQuery, { input }, { requestPolicy: 'network-only' })
          .toPromise();
        const matrix = answer.data?.flagMatrix;
        if (!matrix) problem = describeError(answer.error);
        else {
          total = matrix.rowCount;
          rows.push(...effective(matrix));
        }
        if (latest.current !== ticket) return;
      } while (!problem && rows.length < Math.min(until, total ?? 0));
      setState((now) => ({ key, rows: problem ? now.rows : rows, total: total ?? now.total, problem }));
    },
    [client, tenant, environment, search, key],
  );

  useEffect(() => void read([], windowRows), [read]);
  const refresh = () => void read([], Math.max(windowRows, state.rows.length));
  useLive(flagChangedSubscription, {}, useThrottled(refresh));
  return {
    rows: state.rows,
    total: state.total,
    problem: state.problem,
    loading: state.total === undefined && !state.problem,
    refresh,
    loadMore: useCallback(() => void read(state.rows, state.rows.length + windowRows), [read, state.rows]),
  };
}

function effective({ columns: [column], decisions, rows }: Matrix): EffectiveFlag[] {
  return rows.flatMap(({ flag, cells }) => {
    const [place = -1, ...branches] = cells;
    const decision = decisions[place];
    if (!column || !decision) return [];
    const differs = (other: MatrixDecision | undefined) =>
      other?.enabled !== decision.enabled || other.variant !== decision.variant;
    return [
      { flag, column, decision, differing: branches.filter((cell) => differs(decisions[cell])).length },
    ];
  });
}
