import { resolve } from 'node:path';
import { z } from 'zod';
import { loadConfiguration, TierdeckError, type Configuration } from '#platform';

const needed = z.string({ error: 'is needed' }).min(1, 'is needed');
const schema = z.object({
  /** Address of the control plane. */
  TIERDECK_URL: needed.regex(/^https?:\/\/\S+$/, 'must be an http:// or https:// URL'),
  /** RUNTIME token: reads the snapshot, sends reports. */
  TIERDECK_RUNTIME_TOKEN: needed,
  /** CLIENT token of an environment: reads flags. */
  TIERDECK_SDK_TOKEN: needed,
  /** Slug of the one tenant this worker serves; absent: all tenants on shared workers. */
  TIERDECK_WORKER_TENANT: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be a slug')
    .optional(),
  /** Jobs in flight at once. */
  TIERDECK_WORKER_CONCURRENCY: z.coerce.number().int().min(1).max(64).default(8),
});

export interface WorkerConfiguration extends Pick<Configuration, 'logLevel'> {
  controlPlaneUrl: string;
  runtimeToken: string;
  sdkToken: string;
  tenant: string | undefined;
  concurrency: number;
  /** Holds the stored snapshot and the flags' backup file. */
  dataDir: string;
}

/** @throws TierdeckError CONFIGURATION_INVALID with one line that names the variable and the mend. */
export function loadWorkerConfiguration(env: NodeJS.ProcessEnv = process.env): WorkerConfiguration {
  const { logLevel, dataDir } = loadConfiguration(env);
  const known = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, env[key] || undefined]));
  const parsed = schema.safeParse(known);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new TierdeckError('CONFIGURATION_INVALID', problems.join('; '), 500, {}, 'operator');
  }
  const tenant = parsed.data.TIERDECK_WORKER_TENANT;
  return {
    logLevel,
    controlPlaneUrl: parsed.data.TIERDECK_URL,
    runtimeToken: parsed.data.TIERDECK_RUNTIME_TOKEN,
    sdkToken: parsed.data.TIERDECK_SDK_TOKEN,
    tenant,
    concurrency: parsed.data.TIERDECK_WORKER_CONCURRENCY,
    dataDir: resolve(dataDir, tenant === undefined ? 'integration-worker' : `integration-worker-${tenant}`),
  };
}
