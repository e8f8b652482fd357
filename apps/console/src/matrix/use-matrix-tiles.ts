import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { useClient } from 'urql';
import { flagChangedSubscription } from '../flags/flags.query.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { MatrixTiles, type MatrixFilter } from './matrix-tiles.js';

/** The tiles of a filter, kept up to date; the second number changes whenever there is something new to show. */
export function useMatrixTiles(filter: MatrixFilter): [MatrixTiles, number] {
  const client = useClient();
  const key = JSON.stringify(filter);
  const tiles = useMemo(() => new MatrixTiles(client, JSON.parse(key) as MatrixFilter), [client, key]);
  const version = useSyncExternalStore(tiles.subscribe, () => tiles.version);
  useLive(
    flagChangedSubscription,
    {},
    useThrottled(() => tiles.refresh()),
  );
  useEffect(() => tiles.show({ from: 0, to: 1 }, { from: 0, to: 1 }), [tiles]);
  return [tiles, version];
}
