import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Client } from './client.js';
import { CliError } from './cli-error.js';
import type { Context } from './context.js';
import { counted } from './count.js';
import { number } from './number.js';

export interface Propagation {
  revision: number;
  instances: number;
  applied: number;
  complete: boolean;
  services: {
    service: string;
    instances: number;
    applied: number;
    lagging: { instance: string; mode: string; tenant: string | null; appliedRevision: number }[];
  }[];
}

export const propagationFields = `revision instances applied complete
  services { service instances applied lagging { instance mode tenant appliedRevision } }`;

export interface WaitOptions {
  env: string;
  wait?: boolean;
  timeout: number;
}

/** The options of a change that may wait until everybody has it. */
export function withWait(command: Command): Command {
  return command
    .option('--wait', 'until every connected instance has it; exit code 1 if one lags')
    .option('--timeout <seconds>', 'how long to wait', number, 30);
}

/** Waits for a change if the options say so. @throws CliError PROPAGATION_INCOMPLETE */
export async function waitIfAsked(
  context: Context,
  client: Client,
  { env, wait, timeout }: WaitOptions,
  revision: number,
): Promise<void> {
  if (wait) await followPropagation(context, client, { environment: env, revision, seconds: timeout });
}

/**
 * Waits until every connected instance has a revision, and says so on stderr.
 * @throws CliError PROPAGATION_INCOMPLETE with those that lag, after `seconds`.
 */
async function followPropagation(
  context: Context,
  client: Client,
  { environment, revision, seconds }: { environment: string; revision: number; seconds: number },
): Promise<void> {
  const startedAt = Date.now();
  for (let told = ''; ;) {
    const { flagPropagation } = await client.request<{ flagPropagation: Propagation }>(
      `query ($environment: String!, $revision: Int) {
         flagPropagation(environment: $environment, revision: $revision) { ${propagationFields} } }`,
      { environment, revision },
    );
    const { applied, instances, complete, services } = flagPropagation;
    const elapsed = (Date.now() - startedAt) / 1_000;
    if (instances === 0) return context.message('No instance is connected.');
    if (complete)
      return context.message(
        `${instances === 1 ? 'The only connected instance has' : `All ${instances} connected instances have`} it (${elapsed.toFixed(1)} s).`,
      );
    const line = `${applied} of ${counted(instances, 'instance')} ${applied === 1 ? 'has' : 'have'} it`;
    if (line !== told) context.message(line);
    told = line;
    if (elapsed >= seconds) {
      const lagging = services.flatMap(({ service, lagging: some }) =>
        some.map(({ instance }) => `${service} ${instance}`),
      );
      throw new CliError(
        'PROPAGATION_INCOMPLETE',
        `${instances - applied} of ${counted(instances, 'instance')} ${instances - applied === 1 ? 'does' : 'do'} not have it after ${seconds} s: ${lagging.slice(0, 5).join(', ')}${lagging.length > 5 ? ', …' : ''}.`,
        `tierdeck flag propagation --env ${environment} --revision ${revision}`,
      );
    }
    await sleep(200);
  }
}
