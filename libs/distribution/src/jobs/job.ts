/** A piece of integration work in the queue of its tenant. */
export interface Job {
  id: string;
  /** Names the handler, e.g. `edi.order`. */
  kind: string;
  payload: Record<string, unknown>;
  /** How often it was started, this time included. */
  attempts: number;
  maxAttempts: number;
  /** Grows with every claim; only the holder of the newest one can record an outcome. */
  fence: string;
}

export interface NewJob {
  kind: string;
  payload: Record<string, unknown>;
  /** The same work asked for twice is one job. */
  dedupKey?: string;
  /** Default 8. */
  maxAttempts?: number;
}
