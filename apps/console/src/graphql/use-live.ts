import { useEffect, useRef } from 'react';
import { type AnyVariables, type TypedDocumentNode, useClient } from 'urql';

/** Calls back for every event of a subscription while the component is shown. */
export function useLive<Data, Variables extends AnyVariables>(
  subscription: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  onEvent: (data: Data) => void,
  options: { pause?: boolean } = {},
): void {
  const client = useClient();
  const handler = useRef(onEvent);
  useEffect(() => {
    handler.current = onEvent;
  });
  const key = JSON.stringify(variables);
  const pause = options.pause ?? false;
  useEffect(() => {
    if (pause) return;
    const listening = client
      .subscription(subscription, JSON.parse(key) as Variables)
      .subscribe(({ data }) => {
        if (data) handler.current(data);
      });
    return () => listening.unsubscribe();
  }, [client, subscription, key, pause]);
}

/** A function that runs `action` at most once in `milliseconds`, the last call never lost. */
export function useThrottled(action: () => void, milliseconds = 300): () => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return useRef(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      latest.current();
    }, milliseconds);
  }).current;
}
