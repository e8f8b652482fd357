import { Option, type Command } from 'commander';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { propagationFields, waitIfAsked, withWait, type Propagation } from '../follow-propagation.js';
import { number } from '../number.js';
import { parseFormat, render } from '../output.js';

/** `tierdeck flag kill|revive|propagation`: switching at once, and seeing that it arrived. */
export function propagationCommands(flag: Command, context: Context, environment: () => Option): void {
  for (const [verb, enabled, description] of [
    ['kill', false, 'switch the flag off for everybody at once'],
    ['revive', true, 'let its rules decide again'],
  ] as const) {
    withWait(flag.command(`${verb} <flag>`))
      .description(description)
      .addOption(environment())
      .option('--reason <text>', 'for the audit')
      .action(async (key: string, options) => {
        const client = await context.client();
        const input = { flag: key, environment: options.env, enabled, reason: options.reason };
        const { setFlagEnabled } = await client.request<{ setFlagEnabled: { revision: number } }>(
          `mutation ($input: SetFlagEnabledInput!) { setFlagEnabled(input: $input) { revision } }`,
          { input },
        );
        context.data(`flag/${key} ${enabled ? 'revived' : 'killed'} in ${options.env}\n`);
        await waitIfAsked(context, client, options, setFlagEnabled.revision);
      });
  }

  flag
    .command('propagation [flag]')
    .description('which connected services have the last change, and who lags; exit code 2 if one does')
    .addOption(environment())
    .option('--revision <number>', 'a change as its mutation told it', number)
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (key: string | undefined, options) => {
      const client = await context.client();
      const { flagPropagation } = await client.request<{ flagPropagation: Propagation }>(
        `query ($environment: String!, $flag: String, $revision: Int) {
           flagPropagation(environment: $environment, flag: $flag, revision: $revision) { ${propagationFields} } }`,
        { environment: options.env, flag: key, revision: options.revision },
      );
      const { services, applied, instances, revision, complete } = flagPropagation;
      context.data(
        render(
          services,
          options.output,
          [
            ['service', (row) => row.service],
            ['instances', (row) => String(row.instances)],
            ['applied', (row) => String(row.applied)],
            ['lagging', (row) => row.lagging.map(({ instance }) => instance).join(', ')],
          ],
          (row) => row.service,
        ),
      );
      context.message(
        `${applied} of ${counted(instances, 'connected instance')} ${applied === 1 ? 'has' : 'have'} revision ${revision}.`,
      );
      if (!complete) context.exitCode = 2;
    });
}
