import DataLoader from 'dataloader';

/**
 * A data loader that belongs to one request: nothing of it is ever seen by another one. It only batches; a cache would
 * hand stale rows to the later events of a subscription, whose context lives as long as its connection.
 * @param batch gives the values in the order of the keys.
 * @returns the loader of a GraphQL context.
 */
export function requestLoader<Key, Value>(
  batch: (keys: readonly Key[]) => Promise<readonly Value[]>,
): (context: object) => DataLoader<Key, Value> {
  const loaders = new WeakMap<object, DataLoader<Key, Value>>();
  return (context) => {
    let loader = loaders.get(context);
    if (!loader) {
      loader = new DataLoader<Key, Value>(batch, { cache: false });
      loaders.set(context, loader);
    }
    return loader;
  };
}
