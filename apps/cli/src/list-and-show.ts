import type { Command } from 'commander';
import type { CliError } from './cli-error.js';
import type { Context } from './context.js';
import { parseFormat, render, renderOne, type Column } from './output.js';

/** A kind of thing that is read whole, since there are few of it. */
export interface Listed<T> {
  all: () => Promise<T[]>;
  nameOf: (one: T) => string;
  columns: Column<T>[];
  /** What `list` is for, as its help says it. */
  help: { list: string };
}

/** One of it is found by its name. */
export interface Shown<T> extends Listed<T> {
  notFound: (name: string) => CliError;
  help: { list: string; show: string };
}

/** Adds `list` to the commands of a kind. */
export function addList<T>(parent: Command, context: Context, listed: Listed<T>): void {
  parent
    .command('list')
    .description(listed.help.list)
    .option('-o, --output <format>', 'table, json, yaml or name', parseFormat, 'table')
    .action(async ({ output }) => {
      context.data(render(await listed.all(), output, listed.columns, listed.nameOf));
    });
}

/**
 * Adds `list` and `show <what>` to the commands of a kind.
 * @param what how an argument names one of it, e.g. `key`.
 */
export function addListAndShow<T extends object>(
  parent: Command,
  context: Context,
  what: string,
  listed: Shown<T>,
): void {
  addList(parent, context, listed);
  parent
    .command(`show <${what}>`)
    .description(listed.help.show)
    .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
    .action(async (name: string, { output }) => {
      const found = (await listed.all()).find((one) => listed.nameOf(one) === name);
      if (!found) throw listed.notFound(name);
      context.data(renderOne(found, output));
    });
}
