import { parentPort, workerData } from 'node:worker_threads';
import { DataPlane } from './data-plane.js';
import { pacedQuotes } from './paced-load.js';

/** What the thread that makes the noise is given. */
export interface Noise {
  url: string;
  token: string;
  quote: unknown;
  perSecond: number;
  seconds: number;
}

// A thread of its own: the measured tenant's requests must not wait for the noise's own work.
const { url, token, quote, perSecond, seconds } = workerData as Noise;
parentPort?.postMessage(await pacedQuotes(new DataPlane(url, token), quote, perSecond, seconds));
