import { resolve } from 'node:path';
import { z } from 'zod';
import { loadConfiguration, TierdeckError, type Configuration } from '#platform';

const needed = z.string({ error: 'is needed' }).min(1, 'is needed');
const schema = z.object({
  /** Address of the control plane. */
  TIERDECK_URL: z
    .string({ error: 'is needed' })
    .regex(/^https?:\/\/\S+$/, 'must be an http:// or https:// URL'),
  /** RUNTIME token: reads the snapshot, sends reports. */
  TIERDECK_RUNTIME_TOKEN: needed,
  /** CLIENT token of an environment: reads flags. */
  TIERDECK_SDK_TOKEN: needed,
});

export interface DistributionConfiguration extends Pick<Configuration, 'host' | 'logLevel'> {
  port: number;
  controlPlaneUrl: string;
  runtimeToken: string;
  sdkToken: string;
  /** Holds the stored snapshot and the flags' backup file. */
  dataDir: string;
  /** Pause between two polls of the flags in milliseconds; absent takes a second. */
  flagRefreshMs?: number;
}

/** @throws TierdeckError CONFIGURATION_INVALID with one line that names the variable and the mend. */
export function loadDistributionConfiguration(
  env: NodeJS.ProcessEnv = process.env,
): DistributionConfiguration {
  const { host, logLevel, distributionPort, dataDir } = loadConfiguration(env);
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new TierdeckError('CONFIGURATION_INVALID', problems.join('; '), 500, {}, 'operator');
  }
  return {
    host,
    logLevel,
    port: distributionPort,
    controlPlaneUrl: parsed.data.TIERDECK_URL,
    runtimeToken: parsed.data.TIERDECK_RUNTIME_TOKEN,
    sdkToken: parsed.data.TIERDECK_SDK_TOKEN,
    dataDir: resolve(dataDir, 'distribution'),
  };
}
