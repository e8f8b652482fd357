import type { Command } from 'commander';
import type { Context } from '../context.js';
import { parseFormat, render } from '../output.js';

interface DeadLetter {
  id: string;
  kind: string;
  attempts: number;
  error: string | null;
  createdAt: string;
}

/** `tierdeck dead-letter list|retry`. */
export function deadLetterCommands(program: Command, context: Context): void {
  const deadLetter = program.command('dead-letter').description('integration jobs that failed for good');

  deadLetter
    .command('list <tenant>')
    .description('the newest of a tenant, with their reason')
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async (tenant: string, { output }) => {
      const client = await context.client();
      const { deadLetters } = await client.request<{ deadLetters: DeadLetter[] }>(
        `query ($tenant: String!) { deadLetters(tenant: $tenant, first: 100) { id kind attempts error createdAt } }`,
        { tenant },
      );
      context.data(
        render(
          deadLetters,
          output,
          [
            ['dead letter', ({ id }) => id],
            ['kind', ({ kind }) => kind],
            ['attempts', ({ attempts }) => attempts],
            ['since', ({ createdAt }) => createdAt],
            ['reason', ({ error }) => error],
          ],
          ({ id }) => id,
        ),
      );
    });

  deadLetter
    .command('retry <tenant> <id>')
    .description('queue it again with all of its attempts')
    .action(async (tenant: string, id: string) => {
      const client = await context.client();
      await client.request(
        `mutation ($input: RetryDeadLetterInput!) { retryDeadLetter(input: $input) { ok } }`,
        { input: { tenant, id } },
      );
      context.data(`dead-letter/${id} queued\n`);
    });
}
