import type { Command } from 'commander';
import type { Context } from '../context.js';
import { CliError } from '../cli-error.js';
import { withExamples } from '../examples.js';
import { parseFormat, render } from '../output.js';
import { summary } from '../rule-value.js';

interface Cell {
  flag: string;
  environment: string;
  context: number;
  live: { enabled: boolean; variant: string | null; reason: string };
  draft: { enabled: boolean; variant: string | null } | null;
  changed: boolean;
}

/** `tierdeck flag playground`. */
export function flagPlaygroundCommand(flag: Command, context: Context): void {
  const playground = flag
    .command('playground <flag...>')
    .description('many flags, environments and contexts at once; exit code 2 if a draft changes any')
    .option('-e, --env <name...>', 'environments', ['production'])
    .option(
      '--for <place...>',
      'contexts: "northwind", or "northwind,branch=seattle,account=ALFKI,userId=jo"',
    )
    .option('--all-tenants', 'every tenant')
    .option('--draft <id>', 'a change request')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (flags: string[], { env, for: places, allTenants, draft, output }) => {
      const client = await context.client();
      const contexts = ((places ?? []) as string[]).map(toContext);
      const cells: (Cell & { who: string })[] = [];
      for (let after: string | null = null; ;) {
        const { playground }: { playground: { contexts: Who[]; cells: Cell[]; nextAfter: string | null } } =
          await client.request(
            `query ($input: PlaygroundInput!) { playground(input: $input) { contexts nextAfter
               cells { flag environment context changed live { enabled variant reason } draft { enabled variant } } } }`,
            {
              input: {
                flags,
                environments: env,
                ...(allTenants ? { allTenants: true, after } : { contexts }),
                changeRequest: draft,
              },
            },
          );
        const names = playground.contexts.map(nameOf);
        cells.push(...playground.cells.map((cell) => ({ ...cell, who: names[cell.context] ?? '' })));
        after = playground.nextAfter;
        if (after === null) break;
      }
      context.data(
        render(
          cells,
          output,
          [
            ['flag', (row) => row.flag],
            ['environment', (row) => row.environment],
            ['for', (row) => row.who],
            ['value', (row) => summary(row.live)],
            ['reason', (row) => row.live.reason],
            ['draft', (row) => row.draft && `${summary(row.draft)}${row.changed ? ' *' : ''}`],
          ],
          (row) => `${row.environment}/${row.flag}/${row.who}`,
        ),
      );
      if (cells.some(({ changed }) => changed)) context.exitCode = 2;
    });
  withExamples(
    playground,
    'tierdeck flag playground pricing.engine allocation.engine -e staging production --for northwind northwind,branch=boston',
    'tierdeck flag playground pricing.engine --for northwind,branch=boston,userId=jo,channel=web -o json',
    'tierdeck flag playground pricing.engine --all-tenants --draft <change-request>',
  );
}

type Who = Record<string, string>;

function toContext(place: string): Record<string, unknown> {
  const [tenant, ...rest] = place.split(',');
  const fields = rest.map((one) => {
    const at = one.indexOf('=');
    if (at < 1)
      throw new CliError('INVALID_ARGUMENT', `"${one}" is no field.`, 'E.g. northwind,branch=seattle');
    return [one.slice(0, at), one.slice(at + 1)] as const;
  });
  const known = new Set(['branch', 'warehouse', 'account', 'userId']);
  const own = Object.fromEntries(fields.filter(([name]) => known.has(name)));
  const properties = Object.fromEntries(fields.filter(([name]) => !known.has(name)));
  return { ...(tenant ? { tenant } : {}), ...own, ...(rest.length > 0 ? { properties } : {}) };
}

function nameOf(who: Who): string {
  const { tenant, account, warehouse, branch, userId } = who;
  return [account ?? warehouse ?? branch ?? tenant ?? 'nobody', userId].filter(Boolean).join(' ');
}
