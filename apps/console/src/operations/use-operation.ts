import { useState } from 'react';
import { useLive } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import type { OperationDetail } from './operation.fragment.js';
import { operationProgressSubscription, operationQuery } from './operations.query.js';

/** An operation with its steps as they go on; none without an id. */
export function useOperation(id: string | undefined) {
  const pause = id === undefined;
  const variables = { id: id ?? '' };
  const { data, problem, loading, refresh } = useRead(operationQuery, variables, { pause });
  const [latest, setLatest] = useState<OperationDetail>();
  useLive(operationProgressSubscription, variables, (event) => setLatest(event.operationProgress), { pause });
  const read = data?.operation?.id === id ? data?.operation : undefined;
  return { operation: latest?.id === id ? latest : read, problem, loading, refresh };
}
