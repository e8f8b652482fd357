import { Argument, type Command } from 'commander';
import type { Context } from '../context.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';

interface Neighbor {
  tenant: string;
  requests: number;
  throttled: number;
  databaseMs: number;
  share: number;
  score: number;
  victims: string[];
}

const kind = () =>
  new Argument('<kind>', 'kind of quota').choices([
    'REQUEST_RATE',
    'CONCURRENCY',
    'JOBS_IN_FLIGHT',
    'JOBS_QUEUED',
  ]);

/** `tierdeck quota set|clear|boost|unboost|top`. */
export function quotaCommands(program: Command, context: Context): void {
  const quota = program.command('quota').description('how much tenants may use');

  const change = async (mutation: string, type: string, input: Record<string, unknown>): Promise<void> => {
    const client = await context.client();
    const answer = await client.request<Record<string, { quota: Quota }>>(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) { quota { tenant kind limit burst source boost { until } } } }`,
      { input },
    );
    const {
      tenant,
      kind: changed,
      limit,
      burst,
      source,
      boost,
    } = (answer[mutation] as { quota: Quota }).quota;
    const until = boost ? ` until ${boost.until}` : '';
    context.data(
      `${tenant} ${changed}: ${limit}${burst === null ? '' : ` burst ${burst}`} (${source.toLowerCase()}${until})\n`,
    );
  };

  quota
    .command('set <tenant>')
    .addArgument(kind())
    .argument('<limit>', 'requests a second for REQUEST_RATE, a count for the others', number)
    .description('override the limit of the plan')
    .option('--burst <n>', 'how many may come at once', number)
    .option('--soft', 'tell, do not refuse')
    .option('--reason <text>', 'for the audit')
    .action((tenant: string, which: string, limit: number, { burst, soft, reason }) =>
      change('setQuota', 'SetQuotaInput', { tenant, kind: which, limit, burst, hard: !soft, reason }),
    );

  quota
    .command('clear <tenant>')
    .addArgument(kind())
    .description('back to the plan')
    .action((tenant: string, which: string) =>
      change('clearQuota', 'ClearQuotaInput', { tenant, kind: which }),
    );

  quota
    .command('boost <tenant>')
    .addArgument(kind())
    .argument('<limit>', 'the limit while it lasts', number)
    .description('another limit for a while; also a lower one')
    .option('--burst <n>', 'how many may come at once', number)
    .option('--minutes <n>', 'how long', number, 60)
    .option('--reason <text>', 'for the audit')
    .action((tenant: string, which: string, limit: number, { burst, minutes, reason }) =>
      change('boostQuota', 'BoostQuotaInput', { tenant, kind: which, limit, burst, minutes, reason }),
    );

  quota
    .command('unboost <tenant>')
    .addArgument(kind())
    .description('end a boost now')
    .action((tenant: string, which: string) =>
      change('clearBoost', 'ClearBoostInput', { tenant, kind: which }),
    );

  quota
    .command('top')
    .description('noisy neighbours, loudest first')
    .option('--minutes <n>', 'over the last minutes', number, 15)
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async ({ minutes, output }) => {
      const client = await context.client();
      const { noisyNeighbors } = await client.request<{ noisyNeighbors: Neighbor[] }>(
        `query ($input: NoisyNeighborsInput!) { noisyNeighbors(input: $input) {
           tenant requests throttled databaseMs share victims score } }`,
        { input: { minutes } },
      );
      context.data(
        render(
          noisyNeighbors,
          output,
          [
            ['tenant', (row) => row.tenant],
            ['requests', (row) => row.requests],
            ['throttled', (row) => row.throttled],
            ['database ms', (row) => Math.round(row.databaseMs)],
            ['share', (row) => `${(row.share * 100).toFixed(1)} %`],
            ['victims', (row) => row.victims],
          ],
          (row) => row.tenant,
        ),
      );
    });
}

interface Quota {
  tenant: string;
  kind: string;
  limit: number;
  burst: number | null;
  source: string;
  boost: { until: string } | null;
}
