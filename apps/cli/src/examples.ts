import type { Command } from 'commander';

const known = new WeakMap<Command, readonly string[]>();

/** Shows commands that work as they stand, in the help and in the reference. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  known.set(command, examples);
  return command.addHelpText('after', `\nExamples:\n${examples.map((one) => `  ${one}\n`).join('')}`);
}

export function examplesOf(command: Command): readonly string[] {
  return known.get(command) ?? [];
}
