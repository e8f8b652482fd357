import { InMemStorageProvider, Unleash } from 'unleash-client';

/**
 * Many unmodified SDKs in one process, half of them streaming and half polling, that note what nobody may see. Arguments:
 * address of the control plane, secret, number of SDKs, prefix of their names. Asked by any message, it tells
 * {@link SdkObservations}.
 *
 * Two flags are watched: `restart.always` is on all the time; `restart.once` turns on once and never off again.
 */
export interface SdkObservations {
  ready: number;
  /** SDKs that see `restart.once` on. */
  switched: number;
  /** Answers that were wrong: `restart.always` off, or `restart.once` off after it was on. */
  wrong: number;
  /** When each stream that broke was opened again, in milliseconds since 1970. */
  reopened: number[];
}

const [url = '', secret = '', count = '0', prefix = 'sdk'] = process.argv.slice(2);
const observations: SdkObservations = { ready: 0, switched: 0, wrong: 0, reopened: [] };

/** The event source of a streaming SDK, which it does not show. */
interface Inside {
  repository: { fetcher: { streamingFetcher: { eventSource?: EventTarget } } };
}

const sdks = Array.from({ length: Number(count) }, (_, index) => {
  const streaming = index % 2 === 0;
  const sdk = new Unleash({
    url: `${url}/api`,
    appName: 'restart',
    instanceId: `${prefix}-${index}`,
    customHeaders: { Authorization: secret },
    refreshInterval: 2_000,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
    experimentalMode: streaming ? { type: 'streaming' } : { type: 'polling', format: 'full' },
  });
  sdk.on('error', () => undefined);
  sdk.on('warn', () => undefined);
  let switched = false;
  const look = (): void => {
    if (!sdk.isEnabled('restart.always')) observations.wrong += 1;
    const now = sdk.isEnabled('restart.once');
    if (switched && !now) observations.wrong += 1;
    if (now && !switched) observations.switched += 1;
    switched ||= now;
  };
  sdk.once('synchronized', () => {
    observations.ready += 1;
    sdk.on('changed', look);
    if (!streaming) return;
    const { eventSource } = (sdk as unknown as Inside).repository.fetcher.streamingFetcher;
    eventSource?.addEventListener('open', () => observations.reopened.push(Date.now()));
  });
  return { sdk, look };
});

setInterval(() => {
  for (const { sdk, look } of sdks) if (sdk.isSynchronized()) look();
}, 100);
process.on('message', () => process.send?.(observations));
process.on('disconnect', () => process.exit(0));
