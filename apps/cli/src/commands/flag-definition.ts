import { Option, type Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import {
  definitionOf,
  withDefinition,
  withRemovals,
  type DefinitionOptions,
  type Variant,
} from '../definition-options.js';
import { withExamples } from '../examples.js';
import { number } from '../number.js';

interface UpdateOptions extends DefinitionOptions {
  reason?: string;
  expectedVersion?: number;
}

/** `tierdeck flag create|update|archive`: what a flag is. */
export function flagDefinitionCommands(flag: Command, context: Context): void {
  const send = async (mutation: string, type: string, input: object): Promise<void> => {
    const client = await context.client();
    await client.request(`mutation ($input: ${type}!) { ${mutation}(input: $input) { revision } }`, {
      input,
    });
  };

  withExamples(
    withDefinition(
      flag
        .command('create <flag>')
        .description('make a flag; it is off until a rule or a strategy turns it on')
        .requiredOption('-d, --description <text>', 'what it decides')
        .addOption(
          new Option('--kind <kind>', 'on or off, or one of variants; VARIANT if there are variants').choices(
            ['BOOLEAN', 'VARIANT'],
          ),
        ),
    ).action(async (key: string, { kind, ...options }: DefinitionOptions & { kind?: string }) => {
      const definition = await definitionOf(options);
      const input = { key, kind: kind ?? (definition['variants'] ? 'VARIANT' : 'BOOLEAN'), ...definition };
      await send('createFlag', 'CreateFlagInput', input);
      context.data(`flag/${key} created\n`);
      const value = options.variant?.[0] ?? 'on';
      context.message(`Next: tierdeck flag set ${key} ${value} --env staging`);
    }),
    `tierdeck flag create shipping.express -d 'Express shipping at checkout' --owner shop --expires 2030-01-31`,
    `tierdeck flag create checkout.flow -d 'Steps of the checkout' --variant one-page two-step --payload 'one-page={"steps":1}' --default-variant two-step`,
    `tierdeck flag create checkout.gift -d 'Gift wrapping' --depends shipping.express checkout.flow=one-page 'not shop.closed'`,
  );

  withExamples(
    withRemovals(
      withDefinition(
        flag
          .command('update <flag>')
          .description('change what a flag is; what is not named stays')
          .option('-d, --description <text>', 'what it decides'),
      ),
    )
      .option('--reason <text>', 'for the audit')
      .option(
        '--expected-version <number>',
        'refuse with FLAG_CHANGED if somebody changed the flag since it had this version',
        number,
      )
      .action(async (key: string, { reason, expectedVersion, ...options }: UpdateOptions) => {
        if (Object.values(options).every((value) => value === undefined))
          throw new CliError(
            'INVALID_ARGUMENT',
            'Nothing was named to change.',
            'tierdeck flag update --help',
          );
        // Variants are sent as a whole: what somebody made of them meanwhile must not be lost.
        const seen = options.variant || options.payload ? await variantsOf(key) : undefined;
        const definition = await definitionOf(options, seen?.variants);
        await send('updateFlag', 'UpdateFlagInput', {
          key,
          ...definition,
          reason,
          expectedVersion: expectedVersion ?? seen?.version,
        });
        context.data(`flag/${key} updated\n`);
      }),
    `tierdeck flag update shipping.express --owner checkout --expires 2030-06-30 --tag team:checkout`,
    `tierdeck flag update pricing.shadow --payload 'waterfall-v2={"sample":0.1}'`,
    `tierdeck flag update checkout.flow --schema steps.schema.json --no-expires`,
  );

  withExamples(
    flag
      .command('archive <flag>')
      .description('take a flag out of every environment; SDKs then use the default of their code')
      .option('--reason <text>', 'for the audit')
      .option('--confirm <flag>', 'the flag again, instead of the question')
      .action(async (key: string, { reason, confirm }) => {
        await context.confirm(`"${key}" is archived for good: its key is not given out again.`, key, confirm);
        await send('archiveFlag', 'ArchiveFlagInput', { flag: key, reason });
        context.data(`flag/${key} archived\n`);
      }),
    `tierdeck flag archive shipping.express --reason 'on for everybody' --confirm shipping.express`,
  );

  const variantsOf = async (key: string): Promise<{ version: number; variants: Variant[] }> => {
    const client = await context.client();
    const { flag: found } = await client.request<{
      flag: { version: number; variants: Variant[] } | null;
    }>(`query ($key: String!) { flag(key: $key) { version variants { name payload description } } }`, {
      key,
    });
    if (!found) throw new CliError('FLAG_NOT_FOUND', `There is no flag "${key}".`, 'tierdeck get flags');
    return found;
  };
}
